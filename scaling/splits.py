"""How a budget is split over axes in closed form, where costs add up: c_1 x_1 + … + c_J x_J = B.

Real costs do not add up, so recommendations come from `scaling.allocate`; these explain them, and check them
(SCALING.md part 2).
"""

import numpy as np

from scaling.results import Array


def ces_split(scale: Array, rho: float, price: Array, budget: float) -> Array:
    """Return the extra spend [J] that maximises u = [Σ (x_j / s_j)^ρ]^(1/ρ), and with it success under CES-Lomax.

    For ρ < 1 it is x_j ∝ (s_j^-ρ / c_j)^(1/(1-ρ)); for ρ ≥ 1 everything goes to the axis of the smallest s_j c_j.

    Args:
        scale: s_j, or the half-budgets κ_j, to which they are proportional; above 0, [J].
        rho: ρ, above 0.
        price: c_j of a unit of each axis, above 0, [J].
        budget: B, at least 0.

    Raises:
        ValueError: one of them is out of range.
    """
    _check(budget, scale=scale, rho=np.array([rho]), price=price)
    if rho >= 1:
        return np.where(np.arange(len(price)) == np.argmin(scale * price), budget / price, 0.0)
    log = (-rho * np.log(scale) - np.log(price)) / (1 - rho)
    share = np.exp(log - log.max())  # near ρ = 1 the powers themselves overflow
    split: Array = budget * share / (price @ share)
    return split


def cobb_douglas_split(elasticity: Array, price: Array, budget: float) -> Array:
    """Return the spend [J] that maximises Σ ε_j ln x_j: constant shares c_j x_j / B = ε_j / Σ ε.

    Args:
        elasticity: ε_j, above 0, [J].
        price: c_j of a unit of each axis, above 0, [J].
        budget: B, at least 0.

    Raises:
        ValueError: one of them is out of range.
    """
    _check(budget, elasticity=elasticity, price=price)
    split: Array = budget * elasticity / elasticity.sum() / price
    return split


def chinchilla_split(scale: Array, exponent: Array, price: Array, budget: float) -> Array:
    """Return the spend [J] that minimises Σ B_j x_j^-α_j: x_j = (α_j B_j / (μ c_j))^(1/(1+α_j)), μ from Σ c_j x_j = B.

    Args:
        scale: B_j, above 0, [J].
        exponent: α_j, above 0, [J].
        price: c_j of a unit of each axis, above 0, [J].
        budget: B, above 0.

    Raises:
        ValueError: one of them is out of range.
    """
    from scipy.optimize import brentq

    _check(budget, scale=scale, exponent=exponent, price=price)
    if not budget:
        raise ValueError("The budget must be above 0, for without any spend there is no success.")
    # In logarithms of x and of the multiplier; each axis alone would spend all at its own multiplier.
    fixed = np.log(exponent * scale / price) / (1 + exponent)
    alone = (1 + exponent) * (fixed - np.log(budget / price))

    def spent(multiplier: float) -> float:
        return float(np.logaddexp.reduce(np.log(price) + fixed - multiplier / (1 + exponent)) - np.log(budget))

    # At the largest of these the dearest axis alone spends B; where each spends B / J, together they spend B.
    high = float((alone + (1 + exponent) * np.log(len(price))).max())
    multiplier = brentq(spent, float(alone.max()) - 1e-9, high + 1e-9, xtol=1e-14, rtol=1e-15)
    split: Array = np.exp(fixed - multiplier / (1 + exponent))
    return split


def _check(budget: float, **parts: Array) -> None:
    """Refuse a budget below 0, and prices and parameters that are not above 0."""
    if not 0 <= budget < np.inf:
        raise ValueError(f"The budget must be a number of at least 0; it was {budget}.")
    for name, values in parts.items():
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"Every {name} must be a number above 0; they were {values.tolist()}.")
