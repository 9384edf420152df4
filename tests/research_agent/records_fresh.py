"""A third set of invented records and questions, kept apart: what it measures was not used to make the rules.

The figure to report is that of its first run. Where a rule was changed for what it showed, the set is no longer fresh.
"""

import random
import re
from collections.abc import Callable, Iterator

from records import Asked, Domain, Fields, Thing, _lines, _nth, _object, _only, _path

DOMAINS = {
    domain.kind: domain
    for domain in (
        Domain("bridge", "opened to traffic", "opened", "engineer", "designed", "engineer", "replaces", "replaces", "spans", lambda n: f"BR {n + 40}"),
        Domain("opera", "premiere", "premiered", "composer", "composed", "composer", "revision of", "is a revision of", "scenes", lambda n: f"Op. {n}"),
        Domain("bylaw", "adopted on", "adopted", "mover", "moved", "mover", "repeals", "repeals", "articles", lambda n: f"BL-2010-{n}"),
        Domain("theorem", "first proved", "proved", "author", "proved", "author", "follows from", "follows from", "lemmas", lambda n: f"Thm 3.{n}"),
        Domain("package", "released", "released", "maintainer", "maintained", "maintainer", "depends", "depends on", "downloads", lambda n: f"pkg-{n + 70}"),
    )
}  # fmt: skip

GRAMMARS: dict[str, Callable[[Fields], str]] = {
    "colon": _lines("{}: {}"),
    "equals-spaced": _lines("{}   =   {}"),
    "tilde": _lines("~ {}: {}"),
    "bullet-bold": _lines("* **{}:** {}"),
    "guillemet": _lines("{} » {}"),
    "double-colon": _lines("{} :: {}"),
    "copula": lambda fields: "\n".join(f"{a} is {' and '.join(b)}." for a, b in fields),
    "yaml-flow": lambda fields: "---\n" + "\n".join(f"{a}: [{', '.join(b)}]" if len(b) > 1 else f"{a}: {b[0]}" for a, b in fields) + "\n---",
    "yaml-same-indent": lambda fields: "\n".join(f"{a}:\n" + "\n".join(f"- {v}" for v in b) for a, b in fields),
    "html-list": lambda fields: "<ul>\n" + "\n".join(f"<li><b>{a}</b>: {', '.join(b)}</li>" for a, b in fields) + "\n</ul>",
    "attributes": lambda fields: "<record " + "\n  ".join(f'{a.replace(" ", "-")}="{"; ".join(v.replace(chr(34), "") for v in b)}"' for a, b in fields) + "/>",
    "columns": lambda fields: "\n".join(f"  {a:<24}  {' / '.join(b)}" for a, b in fields),
    "setext": lambda fields: "\n\n".join(f"{a}\n{'=' * len(a)}\n\n" + "\n".join(f"- {v}" for v in b) for a, b in fields),
    "plus-table": lambda fields: "| | |\n|:--|:--|\n" + "\n".join(f"| **{a}** | {', '.join(b)} |" for a, b in fields),
    "semicolons": lambda fields: "Record. " + "; ".join(f"{a}: {', '.join(b)}" for a, b in fields) + ".",
    "toml-multi": lambda fields: "\n".join(f'{a.replace(" ", "_")} = "{b[0]}"' if len(b) == 1 else f"{a.replace(' ', '_')} = [\n" + "".join(f'  "{v}",\n' for v in b) + "]" for a, b in fields),
}  # fmt: skip


def base(style: int, domain: Domain, thing: Thing) -> str:
    kind = domain.kind
    return (
        f'the {kind} “{thing.title}”', f"the {thing.title} {kind}", f"the {kind} that is called “{thing.title}”",
        f'the {kind} of the title "{thing.title}"', f"{kind} ‘{thing.title}’", f"the {kind} {thing.title}",
        f'the {kind}, "{thing.title}",', f"«{thing.title}»",
    )[style % 8]  # fmt: skip


STEPS: dict[str, Callable[[Domain, str, int | None], str]] = {
    "mentioned-as": lambda d, np, at: f"the {d.kind} mentioned {_nth(at)}as “{d.ref}” in {np}",
    "item": lambda d, np, at: f"the {_nth(at)}item in the {d.ref} field of {np}",
    "gives": lambda d, np, at: f"the {d.kind} that {np} gives {_nth(at)}under “{d.ref}”",
    "named-by": lambda d, np, at: f"the {d.kind} named {_nth(at)}by {np} under “{d.ref}”",
    "comes": lambda d, np, at: f"the {d.kind} that comes {_nth(at)}in the “{d.ref}” list of {np}",
    "plain-of": lambda d, np, at: f'the {_nth(at)}"{d.ref}" {d.kind} of {np}',
    "under-of": lambda d, np, at: f"the {d.kind} entered {_nth(at)}under “{d.ref}” for {np}",
    "object": lambda d, np, at: _object(d, np),
}

WHEN: dict[str, Callable[[Domain, str], str]] = {
    "what-was": lambda d, np: f"What was the {d.when} of {np}?",
    "need": lambda d, np: f"I need the “{d.when}” of {np}, please.",
    "recorded": lambda d, np: f"What “{d.when}” is recorded for {np}?",
    "have-as": lambda d, np: f"What does {np} have as its {d.when}?",
    "first": lambda d, np: f"When was {np} first {d.event}?",
    "about": lambda d, np: f"Tell me about {np}: when was it {d.event}?",
    "go-to": lambda d, np: f"Go to {np}. What is listed under “{d.when}”?",
    "check": lambda d, np: f"Check {np} and report its {d.when}.",
    "quote": lambda d, np: f"Quote the '{d.when}' field of {np}.",
    "read-in": lambda d, np: f"What can be read in the “{d.when}” row of {np}?",
    "given-for": lambda d, np: f"Which date is given for {np} under {d.when}?",
    "according": lambda d, np: f"According to {np}, what is its {d.when}?",
}
YEAR: dict[str, Callable[[Domain, str], str]] = {
    "what-year": lambda d, np: f"In what year was {np} {d.event}?",
    "year-of": lambda d, np: f"Which year was {np} {d.event} in?",
    "year-field": lambda d, np: f'What year does the "{d.when}" field of {np} give?',
}
WHO: dict[str, Callable[[Domain, str], str]] = {
    "credited-first": lambda d, np: f"Who is credited first as {d.noun} of {np}?",
    "which-first": lambda d, np: f"Which {d.noun} is named first in {np}?",
    "is-who-first": lambda d, np: f"The first {d.noun} of {np} is who?",
    "had-all": lambda d, np: f"Who was the {d.noun} of {np}?",
    "field-first": lambda d, np: f"What is the first name in the {d.who} field of {np}?",
}
AMOUNT: dict[str, Callable[[Domain, str], str]] = {
    "np-has": lambda d, np: f"{np[0].upper() + np[1:]} has how many {d.amount}?",
    "how-many": lambda d, np: f"How many {d.amount} does {np} list?",
    "figure": lambda d, np: f"Which number stands under {d.amount} in {np}?",
}


def questions(domain: Domain, made: list[Thing], seed: int, hops: tuple[int, ...] = (1, 2, 3)) -> Iterator[Asked]:
    rng = random.Random(seed)
    for count in hops:
        for step in STEPS if count > 1 else ["-"]:
            for group, heads in (("when", WHEN), ("year", YEAR), ("who", WHO), ("amount", AMOUNT)):
                for name, head in heads.items():
                    if count > 1 and rng.random() > 0.4:
                        continue
                    path, places = (_only if step == "object" else _path)(rng, made, count)
                    phrase = base(rng.randrange(8), domain, path[0])
                    for at in places:
                        phrase = STEPS[step](domain, phrase, at)
                    last = path[-1]
                    years = tuple(re.findall(r"\d{4}", last.when))
                    answers = {"when": (last.when,), "amount": (last.amount,), "year": years}.get(group, (last.who[0],))
                    if name.endswith("all"):
                        answers = (", ".join(last.who), " and ".join(last.who))
                    yield Asked(f"{group}/{name}/{step}", count, head(domain, phrase), answers)
        if count > 1:
            yield from _told(rng, domain, made, count)
            yield from _sets(rng, domain, made)


def _told(rng: random.Random, domain: Domain, made: list[Thing], hops: int) -> Iterator[Asked]:
    path, places = _path(rng, made, hops)
    kind, ref, start = domain.kind, domain.ref, base(rng.choice((0, 2, 4)), domain, path[0])
    both = " and ".join(
        [
            f"P is {start}",
            *(
                f"{chr(81 + n)} is the {_nth(at)}{kind} listed under “{ref}” of {chr(80 + n)}"
                for n, at in enumerate(places)
            ),
        ]
    )
    yield Asked("told/and", hops, f"{both}. What is the {domain.when} of {chr(80 + len(places))}?", (path[-1].when,))
    steps = [f"First find {start}.", *(f"Next, find the {kind} it lists {_nth(at)}under “{ref}”." for at in places)]
    yield Asked("told/next", hops, " ".join([*steps, f"When was that {kind} {domain.event}?"]), (path[-1].when,))
    text = "".join(
        f"Step {n}: the {_nth(at)}{kind} under “{ref}” of the result of step {n - 1}. "
        for n, at in enumerate(places, 2)
    )
    yield Asked(
        "told/result",
        hops,
        f"Step 1: {start}. {text}Question: what is the {domain.when} of the result of step {hops}?",
        (path[-1].when,),
    )


def _sets(rng: random.Random, domain: Domain, made: list[Thing]) -> Iterator[Asked]:
    kind, ref = domain.kind, domain.ref
    other, thing = rng.choice([(o, t) for t in made for o in made if [x for x in made if t in x.refs] == [o]])
    np = base(rng.choice((0, 2, 4, 5)), domain, thing)
    for name, phrase in {
        "mentions": f"the {kind} that mentions {np} under “{ref}”", "having": f"the {kind} having {np} as its {ref}",
        "one-with": f"the one {kind} with {np} under “{ref}”", "whose": f"the {kind} whose “{ref}” includes {np}",
    }.items():  # fmt: skip
        yield Asked(f"back/{name}", 2, f"When was {phrase} {domain.event}?", (other.when,))
    thing = rng.choice([one for one in made if 1 < sum(one in other.refs for other in made) < 7])
    many = [one for one in made if thing in one.refs]
    np = base(rng.choice((0, 2, 4)), domain, thing)
    names = ("; ".join(one.title for one in many), "; ".join(one.code for one in many))
    yield Asked("count/there", 2, f"How many {kind}s are there that list {np} under “{ref}”?", (str(len(many)),))
    yield Asked("list/the", 2, f"List the {kind}s that mention {np} under “{ref}”.", names)
    yield Asked("list/whose", 2, f"Which are the {kind}s whose “{ref}” includes {np}?", names)
    full = rng.choice([one for one in made if len(one.refs) > 1])
    np = base(rng.choice((0, 2, 4)), domain, full)
    yield Asked("count/entries", 1, f"How many entries does the “{ref}” field of {np} have?", (str(len(full.refs)),))
    yield Asked("count/in-list", 1, f"How many {kind}s are in the “{ref}” list of {np}?", (str(len(full.refs)),))
    each = tuple(";".join(f"{getattr(one, name)}|{one.when}" for one in full.refs) for name in ("title", "code"))
    yield Asked("each/when", 2, f"When was each {kind} listed under “{ref}” of {np} {domain.event}?", each)
    few = rng.sample(made, 3)
    years = [re.findall(r"\d{4}", one.when)[0] for one in few]
    if len(set(years)) == 3:
        a, b, c = few
        late, early = few[years.index(max(years))], min((a, b), key=lambda one: years[few.index(one)])
        event = domain.event
        yield Asked(
            "side/last",
            1,
            f"Which {kind} was {event} last: “{a.title}”, “{b.title}” or “{c.title}”?",
            (late.title, late.code),
        )
        yield Asked(
            "side/between",
            1,
            f"Between “{a.title}” and “{b.title}”, which was {event} earlier?",
            (early.title, early.code),
        )
        yield Asked("side/before", 1, f"Was “{a.title}” {event} before “{b.title}”?", ("yes" if early is a else "no",))
        yield Asked(
            "side/same",
            1,
            f"Are the {domain.noun}s of “{a.title}” and “{b.title}” the same?",
            ("yes" if a.who == b.who else "no",),
        )
