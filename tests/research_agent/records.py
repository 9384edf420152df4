"""Invented records in many grammars, and questions about them in many phrasings, for measuring how general reading is.

Everything here is made up and drawn with fixed seeds: kinds of things, labels, names, codes, ways to write a record
down and ways to ask about it. `python tests/research_agent/records.py` prints the whole table.
"""

import asyncio
import importlib
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from retrieval.base import Document

if TYPE_CHECKING:
    from records_run import Outcome

Fields = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Domain:
    """A kind of thing. Labels: `when` (a date), `who` (persons), `ref` (other things), `amount` (a number)."""

    kind: str
    when: str
    event: str  # "was … {event}"
    who: str
    by: str  # "was {by} by"
    noun: str  # "the {noun} of"
    ref: str
    does: str  # "that {does} T"
    amount: str
    code: Callable[[int], str]


DOMAINS = {
    domain.kind: domain
    for domain in (
        Domain("recipe", "published", "published", "author", "written", "author", "based on", "is based on", "servings", lambda n: f"Recipe {n}"),
        Domain("part", "introduced", "introduced", "designer", "designed", "designer", "replaces", "replaces", "weight", lambda n: f"TX-{n + 100}"),
        Domain("act", "enacted on", "enacted", "sponsor", "sponsored", "sponsor", "amends", "amends", "sections", lambda n: f"§ {n}"),
        Domain("ship", "launched", "launched", "builder", "built", "builder", "sister ships", "is a sister ship of", "tonnage", lambda n: f"HN {n + 2000:05d}"),
        Domain("ticket", "opened on", "opened", "assignee", "assigned", "assignee", "depends on", "depends on", "votes", lambda n: f"OPS-{n + 10}"),
        Domain("gene", "first described", "described", "discoverer", "discovered", "discoverer", "interacts with", "interacts with", "exons", lambda n: f"GX{n + 3}R"),
        Domain("course", "first offered", "offered", "lecturer", "taught", "lecturer", "prerequisites", "requires", "credits", lambda n: f"BIO {n + 200}"),
        Domain("film", "release date", "released", "director", "directed", "director", "remake of", "is a remake of", "minutes", lambda n: f"No. {n}"),
    )
}  # fmt: skip

_ADJECTIVES = [
    "Amber",
    "Brass",
    "Quiet",
    "Hollow",
    "Northern",
    "Silver",
    "Broken",
    "Crimson",
    "Patient",
    "Winter",
    "Velvet",
    "Distant",
]
_NOUNS = [
    "Lantern",
    "Harbour",
    "Kestrel",
    "Orchard",
    "Compass",
    "Meadow",
    "Anvil",
    "Lagoon",
    "Thistle",
    "Beacon",
    "Cinder",
    "Willow",
]
_FIRST = ["Ilse", "Tomás", "Mara", "Odd", "Renée", "Jonas", "Akiko", "Beatriz", "Łukasz", "Priya", "Søren", "Halima"]
_LAST = [
    "Brandt",
    "Quist",
    "Vassalli",
    "Okafor",
    "Lindqvist",
    "Marchetti",
    "Tanaka",
    "Ferreira",
    "Kowalski",
    "Raman",
    "Holm",
    "Diallo",
]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _date(rng: random.Random, form: int) -> str:
    year, month, day = rng.randrange(1890, 2020), rng.randrange(1, 13), rng.randrange(1, 29)
    name = _MONTHS[month - 1]
    return (
        f"{year}-{month:02d}-{day:02d}", f"{day} {name} {year}", f"{name} {day}, {year}", f"{day:02d}-{name[:3]}-{year}",
    )[form]  # fmt: skip


@dataclass(eq=False)
class Thing:
    """One record before it is written down."""

    number: int
    title: str
    code: str
    when: str
    who: list[str]
    refs: list["Thing"] = field(default_factory=list)
    amount: str = ""


def things(domain: Domain, count: int, seed: int, form: int = 0) -> list[Thing]:
    rng = random.Random(seed)
    titles = rng.sample([f"{a} {n}" for a in _ADJECTIVES for n in _NOUNS], count)
    people = [f"{a} {b}" for a in _FIRST for b in _LAST]
    made = [
        Thing(n, title, domain.code(n), _date(rng, form), rng.sample(people, rng.randrange(1, 3)))
        for n, title in enumerate(titles, 1)
    ]
    for thing in made:
        thing.amount = str(rng.randrange(2, 900))
        later = made[thing.number :]
        thing.refs = rng.sample(later, min(len(later), rng.choice((1, 1, 2, 3))))
    return made


# How a label is written down.
LABELS: dict[str, Callable[[str], str]] = {
    "Sentence": str.capitalize,
    "lower-dash": lambda label: label.replace(" ", "-"),
    "Title_Under": lambda label: label.title().replace(" ", "_"),
    "CAPITALS": str.upper,
    "camelCase": lambda label: re.sub(r" (\w)", lambda found: found.group(1).upper(), label),
}
# How another thing is referred to.
REFERENCES: dict[str, Callable[[Thing], str]] = {
    "code": lambda thing: thing.code,
    "title": lambda thing: thing.title,
    "both": lambda thing: f"{thing.code} ({thing.title})",
    "link": lambda thing: f"[{thing.title}](./{thing.number}.md)",
    "quoted": lambda thing: f'"{thing.title}"',
    "number": lambda thing: found.group() if (found := re.search(r"\d+$", thing.code)) else thing.code,
}


def _lines(pattern: str, join: str = ", ") -> Callable[[Fields], str]:
    return lambda fields: "\n".join(pattern.format(label, join.join(values)) for label, values in fields)


def _yaml(fields: Fields) -> str:
    made = [
        f"{label}: {values[0]}" if len(values) == 1 else f"{label}:\n" + "\n".join(f"  - {value}" for value in values)
        for label, values in fields
    ]
    return "---\n" + "\n".join(made) + "\n---"


def _toml(fields: Fields) -> str:
    made = []
    for label, values in fields:
        quoted = ['"' + value.strip('"') + '"' for value in values]
        made.append(f"{label} = {quoted[0] if len(quoted) == 1 else '[' + ', '.join(quoted) + ']'}")
    return "\n".join(made)


def _table(fields: Fields) -> str:
    return "| Field | Value |\n| --- | --- |\n" + "\n".join(f"| {a} | {', '.join(b)} |" for a, b in fields)


def _elements(fields: Fields) -> str:
    lines = [f"  <{a.replace(' ', '_')}>{value}</{a.replace(' ', '_')}>" for a, values in fields for value in values]
    return "<record>\n" + "\n".join(lines) + "\n</record>"


def _json(fields: Fields) -> str:
    return json.dumps({a: b[0] if len(b) == 1 else b for a, b in fields}, indent=2, ensure_ascii=False)


GRAMMARS: dict[str, Callable[[Fields], str]] = {
    "colon": _lines("{}: {}"),
    "colon-and": _lines("{}: {}", " and "),
    "rst": _lines(":{}: {}", "; "),
    "bold": _lines("**{}**: {}"),
    "bold-inside": _lines("**{}:** {}  "),
    "dash": _lines("- {}: {}"),
    "yaml": _yaml,
    "toml": _toml,
    "dots": _lines("{} ........ {}"),
    "table": _table,
    "xml": _elements,
    "aligned": lambda fields: "\n".join(f"{a:<18}{', '.join(b)}" for a, b in fields),
    "tabs": _lines("{}\t{}"),
    "en-dash": _lines("{} – {}"),
    "percent": _lines("%% {}: {}"),
    "bracket": _lines("[{}] {}"),
    "at": lambda fields: "\n".join(f"@{a.replace(' ', '-')} {', '.join(b)}" for a, b in fields),
    "ini": lambda fields: "[record]\n" + _lines("{} = {}")(fields),
    "underlined": lambda fields: "\n\n".join(f"{a}\n{'-' * len(a)}\n" + "\n".join(b) for a, b in fields),
    "indented": lambda fields: "\n".join(f"{a}\n    " + "\n    ".join(b) for a, b in fields),
    "definition": lambda fields: "\n\n".join(f"{a}\n" + "\n".join(f":   {value}" for value in b) for a, b in fields),
    "heading": lambda fields: "\n\n".join(f"## {a}\n\n{', '.join(b)}" for a, b in fields),
    "heading-list": lambda fields: "\n\n".join(f"### {a}\n\n" + "\n".join(f"* {v}" for v in b) for a, b in fields),
    "pairs": lambda fields: "; ".join(f"{a}={', '.join(b)}" for a, b in fields),
    "infobox": lambda fields: "{{Record\n" + _lines("| {} = {}", "<br/>")(fields) + "\n}}",
    "json": _json,
    "org": _lines("#+{}: {}"),
    "arrow": _lines("{} -> {}"),
    "brackets": lambda fields: "\n".join(f"{a}: [{', '.join(b)}]" for a, b in fields),
    "below": lambda fields: "\n".join(f"{a}:\n" + "\n".join(f"* {v}" for v in b) for a, b in fields),
}  # fmt: skip


@dataclass(frozen=True)
class Way:
    """How a corpus is written down."""

    grammar: str = "colon"
    label: str = "Sentence"
    reference: str = "code"
    heading: str = "code"  # where the code stands: "code" in the title, "field" in a field, "id" in the document id

    def write(self, domain: Domain, thing: Thing) -> Document:
        spell, refer = LABELS[self.label], REFERENCES[self.reference]
        fields: Fields = [(spell("title"), [thing.title])]
        if self.heading == "field":
            fields.insert(0, (spell("number"), [thing.code]))
        fields += [(spell("status"), ["current"]), (spell(domain.who), thing.who)]
        if thing.refs:
            fields.append((spell(domain.ref), [refer(other) for other in thing.refs]))
        fields += [(spell(domain.when), [thing.when]), (spell(domain.amount), [thing.amount])]
        title = f"{thing.code}: {thing.title}" if self.heading == "code" else thing.title
        key = thing.code.lower().replace(" ", "-") if self.heading == "id" else f"r{thing.number:04d}"
        body = (
            f"This {domain.kind} is kept in the store of the old mill. It was looked at again in 1884 and found to be "
            "in good order. Nobody has asked for a change since; see the notes of the keeper for more."
        )
        return Document(key, f"{GRAMMARS[self.grammar](fields)}\n\n{body}\n", title, f"file:///{key}")


@dataclass(frozen=True)
class Asked:
    """One question: how it was put, and every accepted answer."""

    phrasing: str
    hops: int
    text: str
    answers: tuple[str, ...]

    @property
    def listed(self) -> bool:
        return self.phrasing.startswith("list/")


_PLACES = ("first", "second", "third")


def _base(style: int, domain: Domain, thing: Thing) -> str:
    kind = domain.kind
    return (
        f'the {kind} titled "{thing.title}"', f"the {kind} called {thing.title}", f"the {kind} “{thing.title}”",
        f"the {kind} named '{thing.title}'", f"the {kind} with the title “{thing.title}”", f"“{thing.title}”",
    )[style % 6]  # fmt: skip


def _object(domain: Domain, inner: str) -> str:
    """The thing that `inner` refers to, as the object of a relative clause."""
    match domain.does.split():
        case ["is", *_, word] if domain.kind in {"recipe", "ship", "film"}:
            lead = " ".join(domain.does.split()[1:-1])
            return f"the {domain.kind} that {inner} is {lead} {word}"
        case [verb, *rest]:
            return f"the {domain.kind} that {inner} {' '.join([verb, *rest])}"
    raise AssertionError(domain)


# The thing in `place` (0, 1, …; None where it is the only one) of what `inner` refers to.
STEPS: dict[str, Callable[[Domain, str, int | None], str]] = {
    "listed-under": lambda d, np, at: f'the {d.kind} listed {_nth(at)}under "{d.ref}" of {np}',
    "nth-entry": lambda d, np, at: f"the {_nth(at)}{d.kind} named in the {d.ref} entry of {np}",
    "given-as": lambda d, np, at: f"the {_nth(at)}{d.kind} given on the '{d.ref}' line of {np}",
    "attribute-of": lambda d, np, at: f"the {_nth(at)}{d.kind} in the {d.ref.title()} attribute of {np}",
    "entry-of": lambda d, np, at: f"the {_nth(at)}entry under {d.ref.capitalize()} in {np}",
    "possessive-entry": lambda d, np, at: f"the {_nth(at)}{d.kind} in {np}'s “{d.ref}” field",
    "lists-as": lambda d, np, at: f"the {d.kind} that {np} lists {_nth(at)}under {d.ref}",
    "that-object": lambda d, np, at: _object(d, np),
}


def _nth(at: int | None) -> str:
    return "" if at is None else f"{_PLACES[at]} "


WHEN: dict[str, Callable[[Domain, str], str]] = {
    "what-is": lambda d, np: f'What is the "{d.when}" of {np}?',
    "what-date-given": lambda d, np: f"What date is given under '{d.when}' in {np}?",
    "what-date-stated": lambda d, np: f"Which date is stated in the {d.when} row of {np}?",
    "when-was": lambda d, np: f"When was {np} {d.event}?",
    "on-what-date": lambda d, np: f"On what date was {np} {d.event}?",
    "entity-first": lambda d, np: f"{np[0].upper() + np[1:]} was {d.event} on what date?",
    "give": lambda d, np: f"Give the {d.when} of {np}.",
    "state": lambda d, np: f"Please state the {d.when} value of {np}",
    "tell-me": lambda d, np: f"Tell me when {np} was {d.event}.",
    "which-date-list": lambda d, np: f"Which date does {np} list under {d.when}?",
    "what-list": lambda d, np: f"What does {np} give as its {d.when}?",
    "according": lambda d, np: f'According to the "{d.when}" field of {np}, when was it {d.event}?',
    "according-record": lambda d, np: f"According to its {d.when} line, when was {np} {d.event}?",
    "say": lambda d, np: f'What does the "{d.when}" entry of {np} say?',
    "possessive": lambda d, np: f"What is {np}'s {d.when}?",
    "value-of": lambda d, np: f"What is the value of the {d.when} property of {np}?",
    "no-mark": lambda d, np: f"what date is recorded under {d.when} for {np}",
    "find": lambda d, np: f"Find {np} and give its {d.when}.",
}
WHO: dict[str, Callable[[Domain, str], str]] = {
    "who-is": lambda d, np: f"Who is the first {d.noun} of {np}?",
    "who-verb": lambda d, np: f"Who is listed first as {d.noun} of {np}?",
    "by-whom": lambda d, np: f"By whom was {np} {d.by}?",
    "was-by-whom": lambda d, np: f"{np[0].upper() + np[1:]} was {d.by} by whom?",
    "name-the": lambda d, np: f"Name the {d.noun} of {np}.",
    "who-entry": lambda d, np: f'Who is named first in the "{d.who}" line of {np}?',
    "first-listed": lambda d, np: f"Who is the first-named {d.noun} of {np}?",
    "whose-name": lambda d, np: f"Whose name comes first under {d.who} in {np}?",
}
HOW_MANY: dict[str, Callable[[Domain, str], str]] = {
    "number-is": lambda d, np: f"What number is given for {d.amount} in {np}?",
    "how-many-has": lambda d, np: f"How {'many' if d.amount.endswith('s') else 'much'} {d.amount} does {np} have?",
}


def _steps(domain: Domain, path: list[Thing], places: list[int | None], ask: str) -> str:
    """The step form: each thing gets a letter."""
    parts = [f'A is the {domain.kind} titled "{path[0].title}".']
    for number, at in enumerate(places):
        here, there = chr(65 + number), chr(66 + number)
        nth = f"listed {_nth(at)}" if at is not None else "listed "
        parts.append(f'{there} is the {domain.kind} {nth}under "{domain.ref}" of {here}.')
    return " ".join([*parts, ask.format(chr(65 + len(places)))])


def _path(rng: random.Random, made: list[Thing], hops: int) -> tuple[list[Thing], list[int | None]]:
    while True:
        path, places = [rng.choice(made)], list[int | None]()
        while len(path) < hops and path[-1].refs:
            at = rng.randrange(len(path[-1].refs))
            places.append(at if len(path[-1].refs) > 1 else None)
            path.append(path[-1].refs[at])
        if len(path) == hops:
            return path, places


def _only(rng: random.Random, made: list[Thing], hops: int) -> tuple[list[Thing], list[int | None]]:
    """A path through things that refer to one other only."""
    for _ in range(5000):
        path, places = _path(rng, made, hops)
        if all(at is None for at in places):
            return path, places
    raise AssertionError("no such path")


def questions(domain: Domain, made: list[Thing], seed: int, hops: tuple[int, ...] = (1, 2, 3)) -> Iterator[Asked]:
    """One question for every phrasing and number of hops."""
    rng = random.Random(seed)
    for count in hops:
        for step in STEPS if count > 1 else ["-"]:
            for name, head in WHEN.items():
                # "The K listed under L of T's M" can be read in two ways.
                if count > 1 and (rng.random() > 0.4 or name == "possessive"):
                    continue
                path, places = (_only if step == "that-object" else _path)(rng, made, count)
                phrase = _base(rng.randrange(6), domain, path[0])
                for at in places:
                    phrase = STEPS[step](domain, phrase, at)
                yield Asked(f"when/{name}/{step}", count, head(domain, phrase), (path[-1].when,))
            for name, head in WHO.items():
                if count > 1 and rng.random() > 0.4:
                    continue
                path, places = (_only if step == "that-object" else _path)(rng, made, count)
                phrase = _base(rng.randrange(6), domain, path[0])
                for at in places:
                    phrase = STEPS[step](domain, phrase, at)
                both = ", ".join(path[-1].who)
                answers = (
                    (path[-1].who[0],)
                    if "first" in name or name in {"who-is", "who-verb", "who-entry", "whose-name"}
                    else (both, " and ".join(path[-1].who))
                )
                yield Asked(f"who/{name}/{step}", count, head(domain, phrase), answers)
        for name, head in HOW_MANY.items():
            path, places = _path(rng, made, count)
            phrase = _base(rng.randrange(6), domain, path[0])
            for at in places:
                phrase = STEPS["listed-under"](domain, phrase, at)
            yield Asked(f"amount/{name}/listed-under", count, head(domain, phrase), (path[-1].amount,))
        if count > 1:
            yield from _others(rng, domain, made, count)


def _others(rng: random.Random, domain: Domain, made: list[Thing], hops: int) -> Iterator[Asked]:
    """Letters, relations from the other end, counts, lists, comparisons."""
    path, places = _path(rng, made, hops)
    for name, ask in {
        "which": f'Which date is given under "{domain.when}" of {{}}?', "when": f"When was {{}} {domain.event}?",
        "what": f"What is {{}}'s {domain.when}?",
    }.items():  # fmt: skip
        yield Asked(f"letters/{name}", hops, _steps(domain, path, places, ask), (path[-1].when,))
    back = [(other, thing) for thing in made for other in made if [o for o in made if thing in o.refs] == [other]]
    other, thing = rng.choice(back)
    base = _base(rng.randrange(5), domain, thing)
    listed = f'the only {domain.kind} that lists {base} under "{domain.ref}"'
    among = f"the {domain.kind} that has {base} among its {domain.ref}"
    whose = f"the {domain.kind} whose {domain.ref} line names {base}"
    does = f"the {domain.kind} that {domain.does} {base}"
    for name, phrase in {"lists": listed, "among": among, "whose": whose, "does": does}.items():
        yield Asked(f"back/{name}", 2, f"What is the {domain.when} of {phrase}?", (other.when,))
        yield Asked(f"back/{name}/when", 2, f"When was {phrase} {domain.event}?", (other.when,))
    thing = rng.choice([one for one in made if 1 < sum(one in other.refs for other in made) < 7])
    many = [other for other in made if thing in other.refs]
    base = _base(rng.randrange(5), domain, thing)
    plural = (
        re.sub(r"^is\b", "are", re.sub(r"^(\w+?)s\b", r"\1", domain.does))
        if not domain.does.startswith("is ")
        else "are" + domain.does[2:]
    )
    names = ("; ".join(one.title for one in many), "; ".join(one.code for one in many))
    yield Asked("count/verb", 2, f"How many {domain.kind}s {plural} {base}?", (str(len(many)),))
    yield Asked("count/list", 2, f"How many {domain.kind}s list {base} under {domain.ref}?", (str(len(many)),))
    yield Asked("list/which", 2, f"Which {domain.kind}s {plural} {base}?", names)
    yield Asked("list/every", 2, f"List every {domain.kind} that {domain.does} {base}.", names)
    full = rng.choice([one for one in made if len(one.refs) > 1])
    base = _base(rng.randrange(5), domain, full)
    yield Asked(
        "count/own", 1, f"How many {domain.kind}s are listed under {domain.ref} of {base}?", (str(len(full.refs)),)
    )
    few = rng.sample(made, 3)

    def year(one: Thing) -> str:
        return re.findall(r"\d{4}", one.when)[0]

    if len({year(one) for one in few}) == 3:
        listed = "; ".join(f'"{one.title}"' for one in few)
        first = min(few, key=year)
        yield Asked(
            "least", 1, f"Which of these {domain.kind}s was {domain.event} first: {listed}?", (first.title, first.code)
        )
        a, b = few[:2]
        late = max(a, b, key=year)
        yield Asked(
            "most", 1, f"Which {domain.kind} was {domain.event} later, {a.title} or {b.title}?", (late.title, late.code)
        )


def ways(seed: int, grammars: Iterable[str] = GRAMMARS) -> Iterator[Way]:
    """Every grammar, each with labels, references and a place of the code drawn for it."""
    rng = random.Random(seed)
    for grammar in grammars:
        label, reference = rng.choice(list(LABELS)), rng.choice(list(REFERENCES))
        heading = rng.choice(("code", "field", "id"))
        yield Way(grammar, label, reference, heading)


async def measure(each: int, corpus: ModuleType | None = None, seed: int = 1, only: str = "") -> list["Outcome"]:
    """Put `each` questions about every domain written in every grammar to the agent."""
    from records_run import Outcome, Shelf, answer, sample

    corpus = corpus or sys.modules[__name__]
    GRAMMARS.update(corpus.GRAMMARS)
    made = []
    for at, domain in enumerate(corpus.DOMAINS.values()):
        for number, way in enumerate(ways(seed + at, list(corpus.GRAMMARS))):
            if only not in (domain.kind, way.grammar, ""):
                continue
            records = things(domain, 40, seed + number, number % 4)
            shelf = Shelf(way.write(domain, thing) for thing in records)
            rng = random.Random(f"{seed} {domain.kind} {way.grammar}")
            asked = list(corpus.questions(domain, records, rng.randrange(1000)))
            made += [Outcome(domain.kind, way, one, await answer(one.text, shelf)) for one in sample(rng, asked, each)]
    return made


def main() -> None:
    from records_run import table

    each = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    corpus = importlib.import_module(sys.argv[2]) if len(sys.argv) > 2 else None
    began = time.perf_counter()
    outcomes = asyncio.run(measure(each, corpus, only="".join(sys.argv[3:4])))
    for one in outcomes:
        if not one.right:
            print(
                f"{one.domain} | {one.way.grammar} {one.way.label} {one.way.reference} {one.way.heading} | {one.asked.phrasing} {one.asked.hops}\n    {one.asked.text}\n    gave {one.given!r}, not {one.asked.answers[0]!r}"
            )
    print(table(outcomes))
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
