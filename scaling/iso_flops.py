"""Inference compute against parameters: where a small model that samples more beats a large one at equal FLOPs.

A model of N parameters takes X = 6 N D_pre FLOPs to pretrain on D_pre tokens and Y = 2 N D_inf to run over D_inf.
M times the parameters take M (X + Y), so that at equal FLOPs the small model's inference grows by the factor
M + 3 (D_pre/D_inf)(M - 1) (Snell et al. 2024, arXiv 2408.03314). What that buys depends on difficulty: with a checker
that knows the right answer, success rates Beta(a, b) of a bin of questions give pass@n in closed form.
"""

from dataclasses import dataclass
from math import exp, floor, inf, log

from scaling.beta import beta_coverage


def pretraining(parameters: float, tokens: float) -> float:
    """Return X = 6 N D_pre, FLOPs."""
    return 6 * parameters * tokens


def inference(parameters: float, tokens: float) -> float:
    """Return Y = 2 N D_inf, FLOPs; the unit in which runs of different models share one ledger."""
    return 2 * parameters * tokens


def matched_inference(ratio: float, pretrained: float = 0.0) -> float:
    """Return by what factor the small model's inference grows at equal FLOPs: M + 3 (D_pre/D_inf)(M - 1).

    Args:
        ratio: M, parameters of the large model over those of the small one, at least 1.
        pretrained: D_pre/D_inf; 0 where pretraining is not counted.

    Raises:
        ValueError: an argument out of range.
    """
    if ratio < 1 or pretrained < 0:
        raise ValueError(f"M must be at least 1 and D_pre/D_inf at least 0; they were {ratio} and {pretrained}.")
    return ratio + 3 * pretrained * (ratio - 1)


@dataclass(frozen=True, slots=True)
class Crossover:
    """One bin of questions: the small model's best of n with a checker against one sample of the large model.

    Attributes:
        samples: n that equal FLOPs buy.
        small: pass@n of the small model.
        large: mean success rate of the large one.
        needed: samples, fractions counted, with which the small model is as good; inf where no number is.
        break_even: D_inf/D_pre at which equal FLOPs buy `needed` samples: the small model wins below it. inf where it
            wins at any, since `needed` is at most M; 0 where it never does.
    """

    samples: int
    small: float
    large: float
    needed: float
    break_even: float

    @property
    def gain(self) -> float:
        """Success of the small model less that of the large one."""
        return self.small - self.large


def crossover(
    a: float, b: float, large: float, *, ratio: float, pretrained: float = 0.0, sample: float = 1.0
) -> Crossover:
    """Compare a small model's best of n, under a checker that knows the right answer, with one sample of a large one.

    Args:
        a: first shape of the small model's success rates on the questions of one bin; 1 attempt succeeds in a/(a + b).
        b: second shape.
        large: mean success rate of the large model on these questions.
        ratio: M.
        pretrained: D_pre/D_inf; 0 compares inference alone.
        sample: what a sample of the small model and its check take, over what the same number of tokens as the large
            model's would.

    Raises:
        ValueError: an argument out of range.
    """
    if not (0 <= large <= 1 and sample > 0):
        raise ValueError(f"A success rate is in [0, 1] and a sample costs more than 0; {large} and {sample} came.")
    samples = floor(matched_inference(ratio, pretrained) / sample * (1 + 1e-12))  # a whole quotient stays whole
    needed = samples_for(large, a, b)
    dear = needed * sample
    # M + 3 (M - 1)/R = needed × sample, solved for R.
    break_even = inf if dear <= ratio else 3 * (ratio - 1) / (dear - ratio)
    return Crossover(samples, float(beta_coverage(samples, a, b)) if samples else 0.0, large, needed, break_even)


def samples_for(success: float, a: float, b: float) -> float:
    """Return the n at which pass@n of success rates Beta(a, b) is `success`; inf where no float is large enough.

    Raises:
        ValueError: a or b is not above 0.
    """
    from scipy.optimize import brentq

    lowest, highest = log(1e-12), log(1e300)

    def short(log_n: float) -> float:
        return success - float(beta_coverage(exp(log_n), a, b))

    if short(lowest) <= 0:
        return 0.0
    return inf if success >= 1 or short(highest) > 0 else exp(brentq(short, lowest, highest, xtol=1e-13))
