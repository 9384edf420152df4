"""Published numbers that fits are tested against, and where the development data stands."""

from pathlib import Path

import numpy as np
import pytest

from scaling.published import PublishedCurve

ANSWERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "known-answers"


def answers(name):
    """Return a file of published data that has no licence, and is therefore not part of this repository."""
    if not (ANSWERS / name).exists():
        pytest.skip(f"needs {name} of the developers' shared data")
    return ANSWERS / name


def curve(spend, accuracy, questions):
    """Return a curve of accuracies in percent, as whole numbers of right answers."""
    right = np.round(np.array(accuracy) * questions / 100)
    return PublishedCurve(np.array(spend, dtype=float), right, np.full(len(right), float(questions)))


# Muennighoff et al. 2025 (s1), figure 1: marker positions of visuals/scaling.pdf of simplescaling/s1 @77272c6
# (Apache-2.0), mean thinking tokens.
S1 = {
    "AIME24": curve(
        (500, 1000, 2000, 3932.9, 5300.2, 6656.5, 7319.2), (0, 13.33, 30, 43.33, 50, 53.33, 56.67), questions=30
    ),
    "GPQA": curve((500, 985.4, 1742.3, 3231.2, 4648.8), (37.88, 49.49, 51.01, 57.58, 59.6), questions=198),
    "MATH500": curve((498.7, 983.5, 1813.9, 2868, 3199.6), (64, 80, 85.6, 90.6, 93.2), questions=500),
}

# BrowseComp-Plus (arXiv 2508.06600v1), tables 1 and 4: gpt-oss at low, medium and high effort, mean search calls a
# query and accuracy over 830 queries.
BROWSECOMP = {
    ("20b", "BM25"): curve((1.89, 13.72, 26.87), (4.11, 16.39, 21.08), questions=830),
    ("20b", "Qwen3"): curve((1.87, 13.64, 23.87), (13.37, 29.88, 34.58), questions=830),
    ("120b", "BM25"): curve((2.06, 9.73, 19.45), (9.52, 23.73, 28.67), questions=830),
    ("120b", "Qwen3"): curve((2.21, 9.64, 18.35), (24.94, 37.59, 42.89), questions=830),
}

# Yue et al. 2025 (IterDRAG, arXiv 2410.04343), table 1: accuracy at the largest effective context in tokens; 1200
# sampled questions, of Bamboogle 125.
CONTEXTS = (16e3, 32e3, 128e3, 1e6, 5e6)
ITERDRAG = {
    "Bamboogle": curve(CONTEXTS, (51.2, 52.0, 68.8, 68.8, 68.8), questions=125),
    "HotpotQA": curve(CONTEXTS, (44.4, 44.4, 52.8, 55.3, 56.4), questions=1200),
    "MuSiQue": curve(CONTEXTS, (12.2, 19.7, 24.5, 30.5, 30.5), questions=1200),
    "2Wiki": curve(CONTEXTS, (43.8, 56.8, 74.6, 76.4, 76.9), questions=1200),
}
# The same, of the best of DRAG and IterDRAG at each length (P*).
ITERDRAG_BEST = {
    "Bamboogle": curve(CONTEXTS, (51.2, 52.0, 68.8, 68.8, 68.8), questions=125),
    "HotpotQA": curve(CONTEXTS, (50.2, 52.0, 52.8, 55.3, 56.4), questions=1200),
    "MuSiQue": curve(CONTEXTS, (16.9, 19.7, 24.5, 30.5, 30.5), questions=1200),
    "2Wiki": curve(CONTEXTS, (50.5, 56.8, 74.6, 76.4, 76.9), questions=1200),
}

# BATS (arXiv 2511.17006v1), figures 3 and 5, read off (± .3 points), and table 2: Gemini-2.5-Pro on the
# 1266 questions of BrowseComp. SYSTEMS.md S14 reads the parallel runs off as 12/17.5/25.5/34 and 14/21.5/30/39, of
# elasticity .64 and .65: neither bats_tables.csv nor SCALING.md's .35 to .36 agree with that, and they with each other.
RUNS, BUDGETS = (1, 2, 4, 8), (10, 30, 50, 100, 200)
BATS = {
    "best of ReAct": curve(RUNS, (12.5, 16.0, 19.3, 23.3), questions=1266),
    "best of ReAct + tracker": curve(RUNS, (14.5, 19.5, 22.5, 26.8), questions=1266),
    "majority of ReAct": curve(RUNS, (12.5, 16.0, 16.7, 17.8), questions=1266),
    "tool budget, ReAct + tracker": curve(BUDGETS, (12.8, 13.7, 14.4, 15.0, 15.3), questions=1266),
    "tool budget, ReAct": curve(BUDGETS, (10.3, 10.5, 12.4, 12.6, 12.6), questions=1266),
}
