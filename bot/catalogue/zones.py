"""How people name the time zones in which brands that speak Spanish, English or Portuguese live.

Our own table and not CLDR's: that one has "hora central" for Mexico City, "hora de Europa central" for Madrid
and, for a zone that never had it, "hora de verano de Venezuela".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.domain import EN, ES, PT, Lang

_PLACES: Final = (
    # IANA keys; then what follows "hora", stands before "time" and follows "horário".
    ("America/Santiago America/Punta_Arenas America/Coyhaique", "de Chile", "Chile", "do Chile"),
    ("Pacific/Easter", "de Rapa Nui", "Rapa Nui", "de Rapa Nui"),
    (
        "America/Argentina/Buenos_Aires America/Buenos_Aires America/Argentina/Catamarca"
        " America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/La_Rioja"
        " America/Argentina/Mendoza America/Argentina/Rio_Gallegos America/Argentina/Salta"
        " America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman"
        " America/Argentina/Ushuaia",
        "de Argentina",
        "Argentina",
        "da Argentina",
    ),
    ("America/Montevideo", "de Uruguay", "Uruguay", "do Uruguai"),
    ("America/Asuncion", "de Paraguay", "Paraguay", "do Paraguai"),
    ("America/La_Paz", "de Bolivia", "Bolivia", "da Bolívia"),
    ("America/Lima", "de Perú", "Peru", "do Peru"),
    ("America/Guayaquil", "de Ecuador", "Ecuador", "do Equador"),
    ("Pacific/Galapagos", "de Galápagos", "Galápagos", "de Galápagos"),
    ("America/Bogota", "de Colombia", "Colombia", "da Colômbia"),
    ("America/Caracas", "de Venezuela", "Venezuela", "da Venezuela"),
    ("America/Panama", "de Panamá", "Panama", "do Panamá"),
    ("America/Costa_Rica", "de Costa Rica", "Costa Rica", "da Costa Rica"),
    ("America/Managua", "de Nicaragua", "Nicaragua", "da Nicarágua"),
    ("America/Tegucigalpa", "de Honduras", "Honduras", "de Honduras"),
    ("America/El_Salvador", "de El Salvador", "El Salvador", "de El Salvador"),
    ("America/Guatemala", "de Guatemala", "Guatemala", "da Guatemala"),
    ("America/Havana", "de Cuba", "Cuba", "de Cuba"),
    ("America/Santo_Domingo", "de República Dominicana", "Dominican Republic", "da República Dominicana"),
    ("America/Puerto_Rico", "de Puerto Rico", "Puerto Rico", "de Porto Rico"),
    (
        "America/Mexico_City America/Monterrey America/Merida",
        "del centro de México",
        "Mexico City",
        "da Cidade do México",
    ),
    ("America/Cancun", "de Cancún", "Cancún", "de Cancún"),
    ("America/Tijuana", "de Tijuana", "Tijuana", "de Tijuana"),
    ("America/Sao_Paulo America/Bahia America/Fortaleza", "de Brasilia", "Brasília", "de Brasília"),
    ("America/Manaus", "de Manaos", "Manaus", "de Manaus"),
    ("Europe/Madrid", "peninsular de España", "mainland Spain", "da Espanha peninsular"),
    ("Atlantic/Canary", "de Canarias", "Canary Islands", "das Canárias"),
    ("Europe/Lisbon", "de Portugal", "Portugal", "de Portugal"),
    ("America/New_York", "del este de EE. UU.", "Eastern", "do leste dos EUA"),
    ("America/Chicago", "del centro de EE. UU.", "Central", "do centro dos EUA"),
    ("America/Denver", "de la montaña de EE. UU.", "Mountain", "das Montanhas dos EUA"),
    ("America/Los_Angeles", "del Pacífico de EE. UU.", "Pacific", "do Pacífico dos EUA"),
    ("Europe/London", "del Reino Unido", "UK", "do Reino Unido"),
)

ZONES: Final[Mapping[str, Mapping[Lang, str]]] = MappingProxyType(
    {
        key: MappingProxyType({ES: f"hora {es}", EN: f"{en} time", PT: f"horário {pt}"})
        for keys, es, en, pt in _PLACES
        for key in keys.split()
    }
)
"""Names by IANA key and language."""
