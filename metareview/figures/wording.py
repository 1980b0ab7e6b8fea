"""Numbers and tests as a journal writes them."""

from __future__ import annotations

import math

from metareview.figures.style import Wording


def write_number(value: float, digits: int, words: Wording) -> str:
    """Write a number with a true minus sign and the journal's decimal sign.

    >>> write_number(-0.7145, 2, Wording())
    '−0.71'
    """
    if not math.isfinite(value):
        return "not estimable" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if abs(value) >= 1e6 or 0 < abs(value) < 0.5 * 10 ** -max(digits, 4):
        text = _scientific(value)
    elif 0 < abs(value) < 0.5 * 10**-digits:
        text = f"{value:.1g}" if abs(value) >= 1e-4 else _scientific(value)
    else:
        text = f"{value:.{digits}f}"
    if float_is_zero(text):
        text = text.lstrip("-")
    return text.replace("-", "−").replace(".", words.decimal)


def float_is_zero(text: str) -> bool:
    """Say whether a written number is zero, so that no ``−0.00`` is printed."""
    return not any(c in "123456789" for c in text)


def _scientific(value: float) -> str:
    head, exponent = f"{value:.1e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{head}×10{raised}"


def write_span(low: float, high: float, digits: int, words: Wording) -> str:
    """Write the bounds of an interval.

    Where a dash would join bounds of which one is negative, "to" is written: no dash looks like a minus.
    """
    bounds = {"low": write_number(low, digits, words), "high": write_number(high, digits, words)}
    dashed = words.span in {"{low}-{high}", "{low}–{high}"}
    return ("{low} to {high}" if dashed and min(low, high) < 0 else words.span).format(**bounds)


def write_interval(low: float, high: float, digits: int, words: Wording) -> str:
    """Write an interval that stands alone: in brackets where the journal has them around bounds.

    >>> write_interval(0.14, 1.76, 2, Wording(effect="{estimate} [{span}]"))
    '[0.14 to 1.76]'
    """
    span = write_span(low, high, digits, words)
    return f"[{span}]" if "[" in words.effect else span


def write_effect(estimate: float, low: float, high: float, digits: int, words: Wording) -> str:
    """Write an estimate with its interval.

    >>> write_effect(0.489, 0.344, 0.696, 2, Wording())
    '0.49 (0.34 to 0.70)'
    """
    return words.effect.format(
        estimate=write_number(estimate, digits, words), span=write_span(low, high, digits, words)
    )


def write_p(p: float, words: Wording, name: bool = True) -> str:
    r"""Write a P value: three decimals below 0.1, two above, never as zero.

    >>> write_p(0.0004, Wording()), write_p(0.0071, Wording(bare_p=True)), write_p(0.25, Wording(), False)
    ('P\xa0<\xa00.001', 'P\xa0=\xa0.007', '0.25')
    """
    if p < 0.001:
        sign, text = "<", "0.001"
    elif p > 0.99:
        sign, text = ">", "0.99"
    else:
        digits = 3 if p < 0.0995 else 2
        sign, text = "=", f"{p:.{digits}f}"
    text = text.removeprefix("0") if words.bare_p else text
    text = text.replace(".", words.decimal)
    if name:
        return f"{words.p_name}\u00a0{sign}\u00a0{text}"
    return text if sign == "=" else f"{sign}{text}"


def digits_for(half_widths: list[float], ratio: bool) -> int:
    """Return how many decimals effects need: two for ratios, else two figures of a typical half interval.

    >>> digits_for([0.3, 0.4], False), digits_for([12.0, 30.0], False), digits_for([0.3], True)
    (2, 0, 2)
    """
    usable = sorted(h for h in half_widths if math.isfinite(h) and h > 0)
    if ratio or not usable:
        return 2
    typical = usable[len(usable) // 2]
    return min(6, max(0, 1 - math.floor(math.log10(typical))))
