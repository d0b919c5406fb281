"""Owns the places that a post may be tagged with.

It must not know posts. Invariant: the places and their ids are the same in every world.
"""

from dataclasses import dataclass

from simulator.calls import JsonObject


@dataclass(frozen=True, slots=True)
class Place:
    """One place of X; `box` is west, south, east, north in degrees."""

    id: str
    name: str
    full_name: str
    country: str
    country_code: str
    place_type: str
    box: tuple[float, float, float, float]
    within: str | None = None

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box, as longitude and latitude."""
        west, south, east, north = self.box
        return round((west + east) / 2, 6), round((south + north) / 2, 6)


PLACES = (
    Place("0b6e1d3a5c7f9024", "Lisbon", "Lisbon, Portugal", "Portugal", "PT", "city", (-9.23, 38.69, -9.09, 38.8)),
    Place("1c7f2e4b6d8a0135", "Oslo", "Oslo, Norway", "Norway", "NO", "city", (10.62, 59.81, 10.95, 60.14)),
    Place("2d8a3f5c7e9b1246", "Nairobi", "Nairobi, Kenya", "Kenya", "KE", "city", (36.66, -1.44, 37.1, -1.16)),
    Place("3e9b4a6d8f0c2357", "Osaka", "Osaka, Japan", "Japan", "JP", "city", (135.38, 34.59, 135.6, 34.77)),
    Place("4f0c5b7e9a1d3468", "Ontario", "Ontario, Canada", "Canada", "CA", "admin", (-95.15, 41.68, -74.34, 56.86)),
    Place(
        "5a1d6c8f0b2e4579", "Toronto", "Toronto, Ontario", "Canada", "CA", "city",
        (-79.64, 43.58, -79.12, 43.86), "4f0c5b7e9a1d3468",
    ),
    Place("6b2e7d9a1c3f5680", "Graz", "Graz, Austria", "Austria", "AT", "city", (15.34, 47.01, 15.54, 47.13)),
    Place("7c3f8e0b2d4a6791", "Lima", "Lima, Peru", "Peru", "PE", "unknown", (-77.2, -12.5, -76.62, -11.57)),
)  # fmt: skip
BY_ID = {place.id: place for place in PLACES}


def place_json(place: Place, asked: frozenset[str]) -> JsonObject:
    """Return a place as X writes it: its id and full name, and the fields asked for."""
    fields: JsonObject = {
        "name": place.name,
        "country": place.country,
        "country_code": place.country_code,
        "place_type": place.place_type,
        "geo": {"type": "Feature", "bbox": list(place.box), "properties": {}},
        "contained_within": None if place.within is None else [place.within],
    }
    shown = {name: value for name, value in fields.items() if name in asked and value is not None}
    return {"id": place.id, "full_name": place.full_name, **shown}
