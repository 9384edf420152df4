"""One budget over tokens, searches, time and money, that holds under concurrency and across a crash."""

from research_agent.budget.books import Reservation
from research_agent.budget.budget import Budget, Remaining
from research_agent.budget.charge import NOTHING, Charge, Tariff
from research_agent.budget.doors import Doors
from research_agent.budget.journal import Journal
from research_agent.budget.ledger import Ledger
from research_agent.budget.meters import Meters
from research_agent.budget.money import Money
from research_agent.budget.prices import Prices
from research_agent.budget.retry import Retry

__all__ = [
    "NOTHING",
    "Budget",
    "Charge",
    "Doors",
    "Journal",
    "Ledger",
    "Meters",
    "Money",
    "Prices",
    "Remaining",
    "Reservation",
    "Retry",
    "Tariff",
]
