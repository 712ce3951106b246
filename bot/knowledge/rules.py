"""Every rule of the files: its id, whether it stops publishing, and what it says in Spanish and in English.

The words are for someone who knows the brand and not computers; what is to be typed stands in « » or “ ”.
"""

from __future__ import annotations

from types import MappingProxyType

from bot.errors import Position
from bot.knowledge.contentrules import CONTENT_RULES
from bot.knowledge.problem import Problem, Rule

_WRITING = (
    Rule(
        "muy-adentro",
        "error",
        "aquí hay demasiadas palabras una dentro de otra; compara este archivo con los ejemplos de la guía",
        "too many words stand one inside the other here; compare this file with the guide's examples",
    ),
    Rule(
        "archivo-grande",
        "error",
        "el archivo pesa más de {limit} KB; repártelo en varios",
        "the file is larger than {limit} KB; divide it into several",
    ),
    Rule(
        "falta-barra",
        "error",
        "después de «{word}:» va | y el texto en la línea siguiente, dos espacios más adentro",
        "after “{word}:” put | and the text on the next line, two spaces further in",
    ),
    Rule(
        "falta-barra-guion",
        "error",
        "después del guion va | y el texto en la línea siguiente, dos espacios más adentro",
        "after the dash put | and the text on the next line, two spaces further in",
    ),
    Rule(
        "falta-guion",
        "error",
        "bajo «{word}:» cada texto comienza con «- |» en su propia línea, y sigue en la línea de abajo, "
        "dos espacios más adentro",
        "under “{word}:” every text begins with “- |” on a line of its own, and goes on below, "
        "two spaces further in",
    ),
    Rule(
        "barra-sola",
        "error",
        "después de | no va nada más; el texto comienza en la línea siguiente, dos espacios más adentro",
        "nothing else goes after |; the text begins on the next line, two spaces further in",
    ),
    Rule(
        "sangria",
        "error",
        "esta línea tiene {have} espacios al comienzo y le corresponden {want}, como a las demás de su grupo",
        "this line begins with {have} spaces and needs {want}, like the others of its group",
    ),
    Rule(
        "sangria-texto",
        "error",
        "el texto de «{word}:» va dos espacios más adentro que «{word}:»",
        "the text of “{word}:” goes two spaces further in than “{word}:”",
    ),
    Rule(
        "texto-corrido",
        "error",
        "esta línea del texto tiene {have} espacios al comienzo y la primera tiene {want}; "
        "ponla a la misma altura que la primera",
        "this line of the text begins with {have} spaces and the first one with {want}; "
        "make it begin where the first one does",
    ),
    Rule(
        "linea-en-blanco",
        "error",
        "esta línea en blanco tiene más espacios que el texto que sigue; borra sus espacios",
        "this blank line has more spaces than the text that follows; delete its spaces",
    ),
    Rule(
        "tabulador",
        "error",
        "aquí hay un tabulador; bórralo y usa espacios",
        "there is a tab here; delete it and use spaces",
    ),
    Rule(
        "espacio-invisible",
        "error",
        "aquí hay un espacio especial que no se ve ({code}), suele llegar al copiar y pegar; "
        "bórralo y escribe un espacio común si hace falta",
        "there is a special space here that can't be seen ({code}), it often comes with copy and paste; "
        "delete it and type a plain space if one is needed",
    ),
    Rule(
        "salto-invisible",
        "error",
        "aquí hay un salto de línea especial que no se ve ({code}); bórralo y pulsa Intro si hace falta",
        "there is a special line break here that can't be seen ({code}); delete it and press Enter if needed",
    ),
    Rule(
        "caracter-raro",
        "error",
        "aquí hay un carácter que no es texto ({code}); bórralo",
        "there is a character here that isn't text ({code}); delete it",
    ),
    Rule(
        "numeral",
        "error",
        "desde este # se perdería el resto de la línea. Si es parte del texto, después de «{word}:» va | "
        "y el "
        "texto en la línea siguiente, dos espacios más adentro; si es una nota, va en su propia línea",
        "from this # on the rest of the line would be lost. If it is part of the text, after “{word}:” put | "
        "and the text on the next line, two spaces further in; if it is a note, give it a line of its own",
    ),
    Rule(
        "dos-puntos",
        "error",
        "hay dos puntos (:) dentro del texto; así no se puede leer. Después de «{word}:» va | y el texto "
        "en la "
        "línea siguiente, dos espacios más adentro",
        "there is a colon (:) inside the text, so it can't be read. After “{word}:” put | and the text "
        "on the "
        "next line, two spaces further in",
    ),
    Rule(
        "signo-inicial",
        "error",
        "un texto que comienza con {sign} no se leería como está escrito. Después de «{word}:» va | y el "
        "texto "
        "en la línea siguiente, dos espacios más adentro",
        "a text that begins with {sign} would not be read as written. After “{word}:” put | and the text "
        "on the "
        "next line, two spaces further in",
    ),
    Rule(
        "comillas",
        "error",
        "las comillas del comienzo se perderían: escribe el texto sin comillas; si son parte del texto, "
        "después "
        "de «{word}:» va | y el texto en la línea siguiente, dos espacios más adentro",
        "the quotation mark at the beginning would be lost: write the text without it; if it is part of "
        "the text, "
        "after “{word}:” put | and the text on the next line, two spaces further in",
    ),
    Rule(
        "signo-inicial-palabra",
        "error",
        "esta línea no puede comenzar con {sign}; escribe solo la palabra, dos puntos y lo que corresponde",
        "this line can't begin with {sign}; write just the word, a colon and what belongs to it",
    ),
    Rule(
        "falta-espacio",
        "error",
        "después de «{word}:» va un espacio",
        "after “{word}:” put a space",
    ),
    Rule(
        "falta-espacio-guion",
        "error",
        "entre el guion y la barra va un espacio: «- |»",
        "put a space between the dash and the bar: “- |”",
    ),
    Rule(
        "faltan-dos-puntos",
        "error",
        "faltan los dos puntos después de «{word}»: «{word}: …»",
        "the colon after “{word}” is missing: “{word}: …”",
    ),
    Rule(
        "linea-suelta",
        "error",
        "esta línea no pertenece a nada. Si es texto[[ de «{before}:»]], va bajo la barra | y dos "
        "espacios más "
        "adentro que la palabra[[ «{before}:»]]; si es una nota, comienza con #",
        "this line belongs to nothing. If it is text[[ of “{before}:”]], it goes below the bar | and two "
        "spaces "
        "further in than the word[[ “{before}:”]]; if it is a note, begin it with #",
    ),
    Rule(
        "guion-sobra",
        "error",
        "aquí no va un guion; los guiones de lista van bajo «answers:» (o «respuestas:») o dentro de un "
        "texto",
        "no dash goes here; dashes go under “answers:” or inside a text",
    ),
    Rule(
        "palabra-repetida",
        "error",
        "«{word}:» ya está en la línea {line}; deja una de las dos",
        "“{word}:” is already on line {line}; keep one of the two",
    ),
    Rule(
        "nota-corta-texto",
        "error",
        "esta nota corta el texto en dos; ponla antes de la palabra a la que pertenece el texto",
        "this note cuts the text in two; put it before the word that the text belongs to",
    ),
    Rule(
        "documentos",
        "error",
        "borra esta línea: «{sign}» no se usa en estos archivos",
        "delete this line: “{sign}” isn't used in these files",
    ),
    Rule(
        "codificacion",
        "error",
        "el archivo está guardado como {encoding}; guárdalo como UTF-8",
        "the file is saved as {encoding}; save it as UTF-8",
    ),
    Rule(
        "archivo-vacio",
        "error",
        "el archivo está vacío; escríbelo o bórralo",
        "the file is empty; write it or delete it",
    ),
    Rule(
        "no-se-lee",
        "error",
        "no se puede abrir: {reason}",
        "it can't be opened: {reason}",
    ),
    Rule(
        "no-se-entiende",
        "error",
        "no se entiende cómo sigue esta línea; compárala con una parecida de este archivo que funcione",
        "it isn't clear how this line goes on; compare it to a similar one of this file that works",
    ),
    Rule(
        "se-lee-distinto",
        "error",
        "esto no se leería como está escrito; después de la palabra y los dos puntos va | y el texto en "
        "la línea "
        "siguiente, dos espacios más adentro",
        "this would not be read as it is written; after the word and its colon put | and the text on the "
        "next "
        "line, two spaces further in",
    ),
)

RULES = MappingProxyType({rule.id: rule for rule in (*_WRITING, *CONTENT_RULES)})


def problem(rule: str, at: Position, **what: str) -> Problem:
    """A problem with the rule of that id."""
    return Problem(at, RULES[rule], MappingProxyType(what))
