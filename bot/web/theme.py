"""The brand's colour, made legible: the contrast formulas are those of WCAG 2.2."""

from __future__ import annotations

import re

NEUTRAL = "#2c5f66"
LIGHT_SURFACE, DARK_SURFACE = "#efede8", "#1f2428"
"""What the colour may stand on: of each page's surfaces the one that it reads worst on."""

AA, DARK = 4.5, 6.0
"""Least contrast against what is behind: WCAG's level AA, and more in the dark, where AA looks dull."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def stylesheet(color: str) -> str:
    """CSS variables for light and dark pages; anything that is no `#rrggbb` gives the neutral colour."""
    base = color if _HEX.fullmatch(color) else NEUTRAL
    light, dark = legible(base, LIGHT_SURFACE), legible(base, DARK_SURFACE, DARK)
    return (
        f":root{{--accent:{light};--on-accent:{ink(light)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:{ink(dark)}}}}}\n"
    )


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def legible(color: str, surface: str, least: float = AA) -> str:
    """The colour, moved towards black or white only as far as it takes to read it on the surface."""
    target = "#000000" if _luminance(surface) > 0.5 else "#ffffff"
    for step in range(0, 101, 2):
        moved = _mix(color, target, step / 100)
        if contrast(moved, surface) >= least:
            return moved
    return target


def ink(color: str) -> str:
    """Black or white, whichever reads better on a colour."""
    return max(("#ffffff", "#101416"), key=lambda text: contrast(text, color))


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    def linear(value: int) -> float:
        part = value / 255
        return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = map(linear, _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(color: str, target: str, share: float) -> str:
    mixed = (round(a + (b - a) * share) for a, b in zip(_channels(color), _channels(target), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
