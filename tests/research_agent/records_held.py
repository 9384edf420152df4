"""Held-out records and questions: other kinds of things, other ways to write them down and other ways to ask.

Written after the reading rules were made for `records.py`, and measured before anything was changed for them.
"""

import random
import re
from collections.abc import Callable, Iterator

from records import Asked, Domain, Fields, Thing, _lines, _nth, _object, _only, _path

DOMAINS = {
    domain.kind: domain
    for domain in (
        Domain("manuscript", "date acquired", "acquired", "scribe", "copied", "scribe", "see also", "refers to", "folios", lambda n: f"MS Add. {n + 4000}"),
        Domain("satellite", "launch date", "launched", "designer", "designed", "designer", "successor of", "succeeds", "transponders", lambda n: f"K2-{n + 10}"),
        Domain("standard", "ratified on", "ratified", "editor", "edited", "editor", "supersedes", "supersedes", "pages", lambda n: f"TR/{n + 300}"),
        Domain("protein", "deposited", "deposited", "curator", "curated", "curator", "binds to", "binds to", "residues", lambda n: f"P{n + 100}A"),
        Domain("contract", "signed on", "signed", "drafter", "drafted", "drafter", "amended by", "is amended by", "clauses", lambda n: f"C/2019/{n}"),
        Domain("exhibit", "on display since", "displayed", "restorer", "restored", "restorer", "companion pieces", "is a companion piece of", "visitors", lambda n: f"Inv. {n + 20}"),
    )
}  # fmt: skip


def _folded(fields: Fields) -> str:
    return "\n".join(
        f"{label}: {values[0]}" + "".join(f",\n {value}" for value in values[1:]) for label, values in fields
    )


GRAMMARS: dict[str, Callable[[Fields], str]] = {
    "em-dash": _lines("{} — {}"),
    "colon-aligned": lambda fields: "\n".join(f"{a:<22}: {'; '.join(b)}" for a, b in fields),
    "numbered": lambda fields: "\n".join(f"{n}. {a}: {', '.join(b)}" for n, (a, b) in enumerate(fields, 1)),
    "quote": _lines("> **{}**: {}"),
    "bold-bare": _lines("**{}** {}"),
    "asciidoc": _lines("{}:: {}"),
    "attribute": _lines(":{}: {}"),
    "bibtex": lambda fields: "@record{key,\n" + ",\n".join(f"  {a} = {{{' and '.join(b)}}}" for a, b in fields) + "\n}",
    "latex": lambda fields: "\n".join(f"\\{a.replace(' ', '')}{{{', '.join(b)}}}" for a, b in fields),
    "sexp": lambda fields: "(record\n" + "\n".join(f"  ({a.replace(' ', '-')} " + " ".join(f'"{v}"' for v in b) + ")" for a, b in fields) + ")",
    "wiki": _lines("; {} : {}"),
    "folded": _folded,
    "bare-pipe": _lines("{} | {}"),
    "grid": lambda fields: "+----+----+\n" + "\n".join(f"| {a:<20} | {', '.join(b)} |\n+----+----+" for a, b in fields),
    "man": lambda fields: "\n".join(f".SH {a.upper()}\n{', '.join(b)}" for a, b in fields),
    "manual": lambda fields: "\n\n".join(f"{a.upper()}\n       {', '.join(b)}" for a, b in fields),
    "steps": _lines("* *{}* – {}"),
    "flow": lambda fields: "{" + ", ".join(f'"{a}": ' + (f'"{b[0]}"' if len(b) == 1 else "[" + ", ".join(f'"{v}"' for v in b) + "]") for a, b in fields) + "}",
    "repeated": lambda fields: "\n".join(f"{a}: {value}" for a, b in fields for value in b),
    "dl": lambda fields: "<dl>\n" + "\n".join(f"<dt>{a}</dt>" + "".join(f"<dd>{v}</dd>" for v in b) for a, b in fields) + "\n</dl>",
    "tr": lambda fields: "<table>\n" + "\n".join(f"<tr><th>{a}</th><td>{', '.join(b)}</td></tr>" for a, b in fields) + "\n</table>",
    "comment": _lines("// {}: {}"),
}  # fmt: skip


def base(style: int, domain: Domain, thing: Thing) -> str:
    kind = domain.kind
    return (
        f"the {kind} titled “{thing.title}”", f'{kind} "{thing.title}"', f'the "{thing.title}" {kind}',
        f"the {kind} whose title is {thing.title}", f"the {kind} known as '{thing.title}'", f'"{thing.title}"',
        thing.title, f"the {kind} entitled '{thing.title}'",
    )[style % 8]  # fmt: skip


STEPS: dict[str, Callable[[Domain, str, int | None], str]] = {
    "zero-relative": lambda d, np, at: f"the {_nth(at)}{d.kind} {np} lists under “{d.ref}”",
    "heading": lambda d, np, at: f"the {_nth(at)}{d.kind} mentioned under the heading “{d.ref}” in {np}",
    "of-the": lambda d, np, at: f"the {_nth(at)}of the {d.kind}s listed in the {d.ref} field of {np}" if at is not None else f"the only {d.kind} listed in the {d.ref} field of {np}",
    "entry-list": lambda d, np, at: f"the {_nth(at)}entry of the {d.ref} list of {np}",
    "section": lambda d, np, at: f"the {d.kind} found {_nth(at)}in the '{d.ref}' section of {np}",
    "that-is": lambda d, np, at: f'the {d.kind} that is named {_nth(at)}under "{d.ref}" in {np}',
    "which-verb": lambda d, np, at: _object(d, np).replace(" that ", " which ", 1),
    "dashed": lambda d, np, at: f"the {_nth(at)}-listed {d.kind} under {d.ref} of {np}".replace(" -", "-") if at is not None else f"the {d.kind} listed under {d.ref} of {np}",
    "appears": lambda d, np, at: f"the {d.kind} which appears {_nth(at)}in the {d.ref.replace(' ', '-')} field of {np}",
}  # fmt: skip

WHEN: dict[str, Callable[[Domain, str], str]] = {
    "whats": lambda d, np: f"What's the {d.when} of {np}?",
    "id-like": lambda d, np: f"I'd like to know the {d.when} of {np}.",
    "could-you": lambda d, np: f"Could you tell me the “{d.when}” of {np}?",
    "look-up": lambda d, np: f"Look up the {d.when} of {np}",
    "colon-its": lambda d, np: f"{np[0].upper() + np[1:]}: what is its {d.when}?",
    "for-np": lambda d, np: f"For {np}, what is the {d.when}?",
    "in-np": lambda d, np: f'In {np}, which date appears under "{d.when}"?',
    "field-shows": lambda d, np: f"What date does the {d.when} field of {np} show?",
    "what-date-was": lambda d, np: f"What date was {np} {d.event}?",
    "which-day-on": lambda d, np: f"Which day was {np} {d.event} on?",
    "exactly": lambda d, np: f"When exactly was {np} {d.event}? Answer with the date only.",
    "is-what": lambda d, np: f"The {d.when} of {np} is what?",
    "know-when": lambda d, np: f"Do you know when {np} was {d.event}?",
    "stated-as": lambda d, np: f"What is stated as the {d.when} of {np}?",
    "say-under": lambda d, np: f"what does {np} say under '{d.when}'",
    "upper": lambda d, np: f"What is the {d.when.upper()} of {np}?",
    "hyphen": lambda d, np: f"Which date is in the {d.when.replace(' ', '-')} field of {np}?",
}  # fmt: skip
WHO: dict[str, Callable[[Domain, str], str]] = {
    "who-did": lambda d, np: f"Who {d.by} {np}?",
    "who-by": lambda d, np: f"Who was {np} {d.by} by?",
    "all-of": lambda d, np: f"Who are the {d.noun}s of {np}?",
    "first-person": lambda d, np: f"Which person is listed first under {d.who} in {np}?",
    "first-name": lambda d, np: f"Give me the name of the first {d.noun} of {np}.",
    "first-whose": lambda d, np: f"Whose name is first in the {d.who} field of {np}?",
}
AMOUNT: dict[str, Callable[[Domain, str], str]] = {
    "there-in": lambda d, np: f"How many {d.amount} are there in {np}?",
    "number-of": lambda d, np: f"What is the number of {d.amount} of {np}?",
    "has": lambda d, np: f"How many {d.amount} has {np}?",
    "field": lambda d, np: f"What figure is given in the {d.amount} field of {np}?",
}


def questions(domain: Domain, made: list[Thing], seed: int, hops: tuple[int, ...] = (1, 2, 3)) -> Iterator[Asked]:
    rng = random.Random(seed)
    for count in hops:
        for step in STEPS if count > 1 else ["-"]:
            for group, heads in (("when", WHEN), ("who", WHO), ("amount", AMOUNT)):
                for name, head in heads.items():
                    if count > 1 and rng.random() > 0.4:
                        continue
                    path, places = (_only if step == "which-verb" else _path)(rng, made, count)
                    phrase = base(rng.randrange(8), domain, path[0])
                    for at in places:
                        phrase = STEPS[step](domain, phrase, at)
                    last = path[-1]
                    answers = {"when": (last.when,), "amount": (last.amount,)}.get(group, (last.who[0],))
                    if group == "who" and "first" not in name:
                        answers = (", ".join(last.who), " and ".join(last.who))
                    yield Asked(f"{group}/{name}/{step}", count, head(domain, phrase), answers)
        if count > 1:
            yield from _told(rng, domain, made, count)
            yield from _sets(rng, domain, made)
            yield from _sides(rng, domain, made)


def _told(rng: random.Random, domain: Domain, made: list[Thing], hops: int) -> Iterator[Asked]:
    """Questions of several sentences."""
    path, places = _path(rng, made, hops)
    start, kind, ref = base(rng.choice((0, 2, 4, 7)), domain, path[0]), domain.kind, domain.ref
    lets = "; ".join(
        [
            f"Let X be {start}",
            *(
                f"let {chr(89 + n)} be the {_nth(at)}{kind} listed under {ref} of {chr(88 + n)}"
                for n, at in enumerate(places)
            ),
        ]
    )
    yield Asked("told/let", hops, f"{lets}. When was {chr(88 + len(places))} {domain.event}?", (path[-1].when,))
    equals = "; ".join(
        [
            f"A = {start}",
            *(
                f'{chr(66 + n)} = the {_nth(at)}{kind} in the "{ref}" field of {chr(65 + n)}'
                for n, at in enumerate(places)
            ),
        ]
    )
    yield Asked(
        "told/equals", hops, f"{equals}. What is the {domain.when} of {chr(65 + len(places))}?", (path[-1].when,)
    )
    steps = [
        f"1. Find {start}.",
        *(f"{n}. Take the {_nth(at)}{kind} listed under {ref} of it." for n, at in enumerate(places, 2)),
    ]
    yield Asked(
        "told/numbered",
        hops,
        " ".join([*steps, f"{len(places) + 2}. When was that {kind} {domain.event}?"]),
        (path[-1].when,),
    )
    follow = [f"Start with {start}.", *(f"Go to the {_nth(at)}{kind} listed under its “{ref}”." for at in places)]
    yield Asked("told/follow", hops, " ".join([*follow, f"What is its {domain.when}?"]), (path[-1].when,))
    then = ", then ".join(
        [f"Take {start}", *(f"the {_nth(at)}{kind} listed under {ref} of that {kind}" for at in places)]
    )
    yield Asked("told/then", hops, f"{then}. Who is its first {domain.noun}?", (path[-1].who[0],))


def _sets(rng: random.Random, domain: Domain, made: list[Thing]) -> Iterator[Asked]:
    """Relations from the other end, counts and lists."""
    kind, ref = domain.kind, domain.ref
    back = [(other, thing) for thing in made for other in made if [o for o in made if thing in o.refs] == [other]]
    other, thing = rng.choice(back)
    np = base(rng.choice((0, 1, 2, 4, 7)), domain, thing)
    for name, phrase in {
        "to-list": f"the only {kind} to list {np} under “{ref}”", "with-in": f"the {kind} with {np} in its {ref} field",
        "in-whose": f"the {kind} in whose {ref} field {np} appears", "listing": f"the {kind} listing {np} under {ref}",
        "which-names": f"the one {kind} which names {np} in its '{ref}' line",
    }.items():  # fmt: skip
        yield Asked(f"back/{name}", 2, f"What is the {domain.when} of {phrase}?", (other.when,))
    yield Asked(
        "back/which",
        2,
        f"Which {kind} lists {np} under {ref}?",
        (other.title, other.code, f"{other.code}: {other.title}"),
    )
    thing = rng.choice([one for one in made if 1 < sum(one in other.refs for other in made) < 7])
    many = [other for other in made if thing in other.refs]
    np = base(rng.choice((0, 1, 2, 4, 7)), domain, thing)
    names = ("; ".join(one.title for one in many), "; ".join(one.code for one in many))
    yield Asked("count/have", 2, f"How many {kind}s have {np} in their {ref} field?", (str(len(many)),))
    yield Asked("count/number", 2, f"What is the number of {kind}s that list {np} under {ref}?", (str(len(many)),))
    yield Asked("count/count", 2, f"Count the {kind}s that list {np} under {ref}.", (str(len(many)),))
    yield Asked("list/name-all", 2, f"Name all {kind}s which list {np} under {ref}.", names)
    yield Asked("list/what-are", 2, f"What are the {kind}s that list {np} under “{ref}”?", names)
    yield Asked("list/give", 2, f"Give a list of all {kind}s with {np} in their {ref} field.", names)
    yield Asked("list/which", 2, f"Which {kind}s mention {np} under {ref}? Please list them all.", names)
    full = rng.choice([one for one in made if len(one.refs) > 1])
    np = base(rng.choice((0, 1, 2, 4, 7)), domain, full)
    own = ("; ".join(one.title for one in full.refs), "; ".join(one.code for one in full.refs))
    each = tuple(";".join(f"{getattr(one, name)}|{one.when}" for one in full.refs) for name in ("title", "code"))
    yield Asked("count/own", 1, f"How many {kind}s does {np} list under {ref}?", (str(len(full.refs)),))
    yield Asked("list/own", 1, f"Which {kind}s are listed under {ref} of {np}?", own)
    yield Asked("list/own-does", 1, f"Which {kind}s does {np} list under {ref}?", own)
    yield Asked("each/for-each", 2, f"For each {kind} listed under {ref} of {np}, give the {domain.when}.", each)
    yield Asked("each/with", 2, f"List all {kind}s listed under {ref} of {np}, each with its {domain.when}.", each)
    yield Asked("each/on-what", 2, f"On what date was each {kind} listed under {ref} of {np} {domain.event}?", each)
    two = next((one for one in made if len(one.who) == 2), None)
    if two:
        yield Asked(
            "who/else",
            1,
            f"Who else is listed under {domain.who} of {base(0, domain, two)}, besides {two.who[0]}?",
            (two.who[1],),
        )


def _sides(rng: random.Random, domain: Domain, made: list[Thing]) -> Iterator[Asked]:
    """Things side by side."""
    few = rng.sample(made, 3)
    years = [re.findall(r"\d{4}", one.when)[0] for one in few]
    if len(set(years)) < 3:
        return
    a, b, c = few
    early = few[years.index(min(years))]
    first, kind, event = min(few[:2], key=lambda one: years[few.index(one)]), domain.kind, domain.event

    def called(one: Thing) -> tuple[str, ...]:
        return one.title, one.code, f"{one.code}: {one.title}"

    yield Asked("side/first", 1, f"Which was {event} first, {a.title} or {b.title}?", called(first))
    yield Asked("side/was-a-or-b", 1, f'Was "{a.title}" or "{b.title}" {event} earlier?', called(first))
    yield Asked(
        "side/of-three", 1, f"Of “{a.title}”, “{b.title}” and “{c.title}”, which was {event} first?", called(early)
    )
    yield Asked(
        "side/earliest-date",
        1,
        f"Which {kind} has the earliest {domain.when}: “{a.title}”, “{b.title}” or “{c.title}”?",
        called(early),
    )
    if a.amount != b.amount:
        more = max(a, b, key=lambda one: int(one.amount))
        yield Asked("side/more", 1, f"Which {kind} has more {domain.amount}, “{a.title}” or “{b.title}”?", called(more))
    yield Asked("side/same-year", 1, f'Were "{a.title}" and "{b.title}" {event} in the same year?', ("no",))
    yield Asked(
        "side/same-who",
        1,
        f'Do "{a.title}" and "{b.title}" have the same {domain.noun}?',
        ("yes" if a.who == b.who else "no",),
    )
