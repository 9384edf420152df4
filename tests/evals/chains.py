"""A task whose answers lie one, two or three dependent searches away: proposals that supersede each other."""

import json

WORDS = "amber basin cedar delta ember fjord grove haven inlet jetty karst ledge mesa north ochre pine".split()
NAMES = "Ilse Korran;Tomas Wey;Petra Lunde;Oskar Brandt;Nora Vance;Jan Sorel;Mira Holt;Paul Denk".split(";")


def write_chains(folder, chains=4, hops=3):
    """Write `chains` chains of `hops` proposals, and a question of each length about each."""
    documents, questions = [], []
    for chain in range(chains):
        numbers = [9000 + 100 * chain + hop for hop in range(hops)]
        titles = [f"The {WORDS[chain]} {WORDS[8 + hop]} rule" for hop in range(hops)]
        for hop, (number, title) in enumerate(zip(numbers, titles, strict=True)):
            after = f"Superseded-By: {numbers[hop + 1]}\n" if hop + 1 < hops else ""
            before = f"Replaces: {numbers[hop - 1]}\n" if hop else ""
            author = f"{NAMES[(chain + 3 * hop) % len(NAMES)]} {WORDS[chain].title()}"
            text = f"PEP: {number}\nTitle: {title}\nAuthor: {author}\n{before}{after}\nIt says what {title.lower()} is.\n"
            documents.append({"_id": f"pep-{number}", "title": title, "text": text, "metadata": {}})
            asked = f'PEP {numbers[0]}, "{titles[0]}"'
            for _ in range(hop):
                asked = f"the PEP that superseded {asked}"
            metadata = {
                "kind": "chain",
                "hops": hop + 1,
                "answer_type": "name",
                "gold": [f"pep-{each}" for each in numbers[: hop + 1]],
            }
            questions.append(
                {
                    "_id": f"c{chain}h{hop + 1}",
                    "text": f"Who is the author of {asked}?",
                    "answers": [author],
                    "metadata": metadata,
                }
            )
    folder.mkdir(exist_ok=True)
    for name, rows in (("corpus", documents), ("queries", questions)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder
