"""A fourth set: phrasings only, over the things and grammars of the other sets, written last and used for no rule."""

import random
import re
from collections.abc import Callable, Iterator

import records
import records_fresh
import records_held
from records import Asked, Domain, Thing, _nth, _path

DOMAINS = {
    key: made
    for key, made in {**records.DOMAINS, **records_held.DOMAINS, **records_fresh.DOMAINS}.items()
    if key in {"act", "ticket", "satellite", "standard", "bridge", "bylaw"}
}
GRAMMARS = {
    key: made
    for key, made in {**records.GRAMMARS, **records_held.GRAMMARS, **records_fresh.GRAMMARS}.items()
    if key
    in {"colon", "yaml", "json", "table", "heading", "infobox", "repeated", "columns", "bibtex", "xml", "rst", "ini"}
}


def base(style: int, domain: Domain, thing: Thing) -> str:
    kind = domain.kind
    return (
        f'the {kind} “{thing.title}”', f'the {kind} carrying the title "{thing.title}"', f"{thing.title} (the {kind})",
        f"the {kind} by the name of {thing.title}", f"{kind} {thing.title}",
    )[style % 5]  # fmt: skip


STEPS: dict[str, Callable[[Domain, str, int | None], str]] = {
    "pointed": lambda d, np, at: f"the {_nth(at)}{d.kind} to which the “{d.ref}” line of {np} points",
    "filled": lambda d, np, at: f"the {d.kind} filled in {_nth(at)}at “{d.ref}” in {np}",
    "its-list": lambda d, np, at: f"the {_nth(at)}one in the list of {d.ref} in {np}",
    "has-as": lambda d, np, at: f"the {d.kind} that {np} has {_nth(at)}as its {d.ref}",
    "whose-is": lambda d, np, at: f"the {_nth(at)}{d.kind} in {np} under the label “{d.ref}”",
    "own": lambda d, np, at: f"the {d.kind} which is {_nth(at)}among the {d.ref} entries of {np}",
}
WHEN: dict[str, Callable[[Domain, str], str]] = {
    "any-idea": lambda d, np: f"Any idea when {np} was {d.event}?",
    "wonder": lambda d, np: f"I wonder what the {d.when} of {np} is.",
    "remind": lambda d, np: f"Remind me of the {d.when} of {np}.",
    "date-of": lambda d, np: f"On which date was {np} {d.event}, going by its “{d.when}”?",
    "entry-reads": lambda d, np: f"How does the “{d.when}” entry of {np} read?",
    "has-which": lambda d, np: f"{np[0].upper() + np[1:]} has which {d.when}?",
    "you-find": lambda d, np: f"What do you find under “{d.when}” in {np}?",
    "with-value": lambda d, np: f"With what value is the “{d.when}” field of {np} filled?",
    "when-did": lambda d, np: f"Since when has {np} been {d.event}?",
    "need-date": lambda d, np: f"We need to know on what date {np} was {d.event}.",
    "bare": lambda d, np: f"{d.when} of {np}",
}
WHO: dict[str, Callable[[Domain, str], str]] = {
    "heads": lambda d, np: f"Who heads the list of {d.noun}s of {np}?",
    "first-to": lambda d, np: f"Who comes first among the {d.noun}s of {np}?",
    "given-first": lambda d, np: f"Which person does {np} give first as {d.noun}?",
}
AMOUNT: dict[str, Callable[[Domain, str], str]] = {
    "total": lambda d, np: f"What is the total number of {d.amount} for {np}?",
    "does-it": lambda d, np: f"What {d.amount} figure does {np} show?",
}


def questions(domain: Domain, made: list[Thing], seed: int, hops: tuple[int, ...] = (1, 2, 3)) -> Iterator[Asked]:
    rng = random.Random(seed)
    for count in hops:
        for step in STEPS if count > 1 else ["-"]:
            for group, heads in (("when", WHEN), ("who", WHO), ("amount", AMOUNT)):
                for name, head in heads.items():
                    path, places = _path(rng, made, count)
                    phrase = base(rng.randrange(5), domain, path[0])
                    for at in places:
                        phrase = STEPS[step](domain, phrase, at)
                    last = path[-1]
                    answers = {"when": (last.when,), "amount": (last.amount,)}.get(group, (last.who[0],))
                    yield Asked(f"{group}/{name}/{step}", count, head(domain, phrase), answers)
        if count > 1:
            yield from _sets(rng, domain, made)


def _sets(rng: random.Random, domain: Domain, made: list[Thing]) -> Iterator[Asked]:
    kind, ref = domain.kind, domain.ref
    thing = rng.choice([one for one in made if 1 < sum(one in other.refs for other in made) < 7])
    many = [one for one in made if thing in one.refs]
    np = base(rng.choice((0, 1)), domain, thing)
    names = ("; ".join(one.title for one in many), "; ".join(one.code for one in many))
    yield Asked("count/total", 2, f"In how many {kind}s does {np} appear under “{ref}”?", (str(len(many)),))
    yield Asked("list/show", 2, f"Show me every {kind} in which {np} is listed under “{ref}”.", names)
    few = rng.sample(made, 2)
    years = [re.findall(r"\d{4}", one.when)[0] for one in few]
    if len(set(years)) == 2:
        early = few[years.index(min(years))]
        yield Asked(
            "side/came",
            1,
            f"Which of the two was {domain.event} first: “{few[0].title}” or “{few[1].title}”?",
            (early.title, early.code),
        )
