"""The rules of what the files say; `rules` has those of how they are written."""

from __future__ import annotations

from bot.knowledge.problem import Rule


def _error(rule: str, es: str, en: str) -> Rule:
    return Rule(rule, "error", es, en)


def _warning(rule: str, es: str, en: str) -> Rule:
    return Rule(rule, "warning", es, en)


_SHAPE = (
    _error(
        "palabra-desconocida",
        "«{word}:» no se usa aquí[[; ¿quisiste decir «{near}:»?]][[; aquí van: {known}]]",
        "“{word}:” isn't used here[[; did you mean “{near}:”?]][[; what goes here: {known}]]",
    ),
    _error(
        "falta-palabra",
        "falta «{word}:»[[ en «{of}»]]",
        "“{word}:” is missing[[ in “{of}”]]",
    ),
    _error(
        "sin-texto",
        "«{word}:» no tiene nada; escribe lo que corresponde o borra la línea",
        "“{word}:” has nothing; write what belongs to it or delete the line",
    ),
    _error(
        "guion-sin-texto",
        "este guion no tiene texto debajo; escríbelo o borra el guion",
        "this dash has no text below it; write it or delete the dash",
    ),
    _error(
        "una-linea",
        "«{word}:» lleva una sola línea",
        "“{word}:” takes a single line",
    ),
    _error(
        "va-texto",
        "«{word}:» lleva un texto, no otras palabras debajo",
        "“{word}:” takes a text, not other words below it",
    ),
    _error(
        "van-palabras",
        "bajo «{word}:», dos espacios más adentro, van otras palabras con sus dos puntos[[: {known}]]",
        "below “{word}:”, two spaces further in, go other words with their colons[[: {known}]]",
    ),
    _error(
        "dos-formas",
        "«{word}:» y «{other}:» (línea {line}) dicen lo mismo; deja una de las dos",
        "“{word}:” and “{other}:” (line {line}) say the same; keep one of the two",
    ),
    _error(
        "valor-no-valido",
        "«{value}» no vale aquí[[; ¿quisiste decir «{near}»?]]; puede ser: {allowed}",
        "“{value}” can't be used here[[; did you mean “{near}”?]]; it can be: {allowed}",
    ),
    _error(
        "fecha-no-valida",
        "«{value}» no es una fecha; se escribe año-mes-día, como 2026-12-31",
        "“{value}” is not a date; it is written year-month-day, like 2026-12-31",
    ),
    _error(
        "fechas-al-reves",
        "termina el {until}, antes de comenzar el {start}",
        "it ends on {until}, before it begins on {start}",
    ),
    _error(
        "hora-no-valida",
        "«{value}» no es un horario; se escribe como 09:00-18:00, o 09:00-13:00, 14:00-18:00",
        "“{value}” are no opening hours; write them like 09:00-18:00, or 09:00-13:00, 14:00-18:00",
    ),
    _error(
        "horas-al-reves",
        "en «{value}» la segunda hora tiene que ser posterior a la primera, y cada tramo posterior al "
        "anterior",
        "in “{value}” the second hour has to be later than the first, and each span later than the one "
        "before",
    ),
    _error(
        "numero-no-valido",
        "«{value}» tiene que ser un número entero de {low} a {high}",
        "“{value}” has to be a whole number from {low} to {high}",
    ),
    _error(
        "lugar-no-valido",
        "«{value}» no es el número de un lugar; escribe /instalar en ese lugar y copia el que te diga el bot",
        "“{value}” is not the number of a place; write /install in that place and copy the one that the bot "
        "tells you",
    ),
    _error(
        "lugar-repetido",
        "el lugar {id} ya está en la línea {line}; deja uno de los dos",
        "the place {id} is already on line {line}; keep one of the two",
    ),
    _error(
        "zona-horaria",
        "no existe la zona horaria «{value}»[[; ¿quisiste decir «{near}»?]]; se escribe como "
        "America/Santiago",
        "there is no time zone “{value}”[[; did you mean “{near}”?]]; it is written like America/Santiago",
    ),
    _error(
        "id-no-valido",
        "el nombre «{word}» solo puede llevar minúsculas sin acento, números y _, y comienza con una letra"
        "[[; por ejemplo «{near}»]]",
        "the name “{word}” can only have small letters without accents, digits and _, and begins with a "
        "letter"
        "[[; for example “{near}”]]",
    ),
    _error(
        "id-largo",
        "el nombre «{word}» tiene {length} letras; a lo más 56",
        "the name “{word}” has {length} letters; 56 at the most",
    ),
    _error(
        "hecho-nombre",
        "un hecho no se puede llamar «{word}»; se escribe como envio.precio, con minúsculas sin acento, "
        "números, "
        "_ y puntos",
        "a fact can't be called “{word}”; it is written like envio.precio, with small letters without "
        "accents, "
        "digits, _ and dots",
    ),
    _error(
        "titulo-largo",
        "el título tiene {length} letras; a lo más 30, para que quepa en un botón",
        "the title has {length} letters; 30 at the most, so that it fits on a button",
    ),
    _error(
        "tema-archivo",
        "el tema «{topic}» y el nombre del archivo, «{stem}.yml», tienen que ser iguales",
        "the topic “{topic}” and the name of the file, “{stem}.yml”, have to be the same",
    ),
)

_LANGUAGES = (
    _error(
        "idioma-no-valido",
        "«{value}» no es un idioma conocido; puede ser: es, en, pt",
        "“{value}” is not a known language; it can be: es, en, pt",
    ),
    _error(
        "idioma-base",
        "«{lang}» es el primer idioma de la marca; sus textos van directo, sin el bloque «{lang}:»",
        "“{lang}” is the brand's first language; its texts go without a block “{lang}:”",
    ),
    _warning(
        "idioma-de-mas",
        "«{lang}» no está en «languages:» de config/brand.yml; estos textos no se usan",
        "“{lang}” isn't in “languages:” of config/brand.yml; these texts aren't used",
    ),
    _warning(
        "falta-traduccion",
        "a «{of}» le falta en «{lang}»: {words}; quien escriba en ese idioma no lo recibirá en él",
        "“{of}” has no {words} in “{lang}”; whoever writes in that language won't get this in it",
    ),
    _warning(
        "faltan-traducciones",
        "{count} de las {total} entradas no están en «{lang}» ({names}); quien escriba en ese idioma "
        "no las recibirá en él",
        "{count} of the {total} entries are not in “{lang}” ({names}); whoever writes in that language "
        "won't get those answers in it",
    ),
)

_REFERENCES = (
    _error(
        "entrada-repetida",
        "la entrada «{id}» ya está en {other}; cambia el nombre de una de las dos",
        "the entry “{id}” is already at {other}; rename one of the two",
    ),
    _error(
        "pregunta-repetida",
        "esta pregunta también está en la entrada «{entry}» ({other}); deja una de las dos",
        "this question is also in the entry “{entry}” ({other}); keep one of the two",
    ),
    _warning(
        "pregunta-doble",
        "esta pregunta ya está en la línea {line} de la misma entrada",
        "this question is already on line {line} of the same entry",
    ),
    _warning(
        "titulo-repetido",
        "la entrada «{entry}» ({other}) tiene el mismo título; en los botones no se distinguirán",
        "the entry “{entry}” ({other}) has the same title; on buttons they will look the same",
    ),
    _error(
        "entrada-desconocida",
        "no hay ninguna entrada «{id}»[[; ¿quisiste decir «{near}»?]]",
        "there is no entry “{id}”[[; did you mean “{near}”?]]",
    ),
    _warning(
        "relacionada-propia",
        "la entrada se nombra a sí misma como relacionada",
        "the entry names itself as related",
    ),
    _error(
        "equipo-desconocido",
        "no hay ningún equipo «{id}» en config/team.yml[[; ¿quisiste decir «{near}»?]]",
        "there is no team “{id}” in config/team.yml[[; did you mean “{near}”?]]",
    ),
    _error(
        "persona-desconocida",
        "no hay ninguna persona «{id}» en config/team.yml[[; ¿quisiste decir «{near}»?]]",
        "there is no person “{id}” in config/team.yml[[; did you mean “{near}”?]]",
    ),
    _error(
        "menu-cantidad",
        "el menú lleva de 3 a 6 entradas; tiene {count}",
        "the menu takes 3 to 6 entries; it has {count}",
    ),
    _error(
        "nombre-repetido",
        "«{id}» está dos veces en esta lista",
        "“{id}” is in this list twice",
    ),
    _error(
        "caso-contradictorio",
        "este mensaje también está en {other}, donde se espera «{expected}»; deja uno de los dos",
        "this message is also at {other}, where “{expected}” is expected; keep one of the two",
    ),
    _warning(
        "caso-copiado",
        "este mensaje es igual a una pregunta ({other}), así que no prueba nada; escríbelo de otra forma",
        "this message is the same as a question ({other}), so it tests nothing; word it differently",
    ),
    _error(
        "sin-redaccion",
        "la entrada «{id}» no tiene una redacción {number}",
        "the entry “{id}” has no wording {number}",
    ),
    _error(
        "sin-idioma",
        "la entrada «{id}» no tiene textos en «{lang}»; escríbelos primero en el archivo, bajo «{lang}:»",
        "the entry “{id}” has no texts in “{lang}”; write them into the file first, under “{lang}:”",
    ),
    _error(
        "texto-propio",
        "{es}",
        "{en}",
    ),
)

_ANSWERS = (
    _error(
        "hecho-desconocido",
        "no hay ningún hecho «{name}» en faq/facts.yml[[; ¿quisiste decir «{near}»?]]",
        "there is no fact “{name}” in faq/facts.yml[[; did you mean “{near}”?]]",
    ),
    _error(
        "hecho-incompleto",
        "«{name}» no es un hecho sino el comienzo de varios: {known}; escribe uno completo",
        "“{name}” is not a fact but the beginning of several: {known}; write a whole one",
    ),
    _error(
        "expresion-no-valida",
        "«{text}» no se puede usar; entre {{ y }} va solo el nombre de un hecho, o name",
        "“{text}” can't be used; between {{ and }} goes only the name of a fact, or name",
    ),
    _error(
        "llaves-simples",
        "«{text}» tiene que llevar dos llaves de cada lado: «{whole}»",
        "“{text}” needs two braces on each side: “{whole}”",
    ),
    _error(
        "llave-suelta",
        "hay una llave «{text}» sin su pareja; un hecho se escribe {{ envio.precio }}",
        "there is a brace “{text}” without its partner; a fact is written {{ envio.precio }}",
    ),
    _error(
        "llaves-fuera",
        "los hechos entre llaves solo se reemplazan en las respuestas; en «{word}» no van llaves",
        "facts in braces are only filled in in answers; no braces go in “{word}”",
    ),
    _error(
        "hechos-distintos",
        "todas las redacciones llevan los mismos hechos; a esta le falta {missing}, que está en la línea "
        "{line}",
        "all wordings have the same facts; this one lacks {missing}, which is on line {line}",
    ),
    _warning(
        "hechos-entre-idiomas",
        "en «{lang}» la respuesta no lleva los mismos hechos que en «{first}»; revisa {names}",
        "in “{lang}” the answer doesn't have the same facts as in “{first}”; look at {names}",
    ),
    _warning(
        "hecho-vencido",
        "«{name}» venció el {day}; revisa su valor y su fecha[[. Mientras tanto estas entradas pasan a una "
        "persona: {used}]]",
        "“{name}” expired on {day}; check its value and its date[[. Until then these entries go to a person: "
        "{used}]]",
    ),
    _warning(
        "hecho-sin-uso",
        "ninguna respuesta usa «{name}»",
        "no answer uses “{name}”",
    ),
    _warning(
        "valor-copiado",
        "«{value}» es el valor de un hecho; escribe {whole}, así se cambia en un solo lugar",
        "“{value}” is the value of a fact; write {whole}, so that it is changed in one place",
    ),
    _warning(
        "entrada-vencida",
        "la entrada valía hasta el {day} y ya no se da",
        "the entry was valid until {day} and isn't given any more",
    ),
    _warning(
        "nota-en-texto",
        "esta línea comienza con # y se lee como parte del texto; si es una nota, ponla antes de «{word}:»",
        "this line begins with # and is read as part of the text; if it is a note, put it before “{word}:”",
    ),
    _warning(
        "respuesta-larga",
        "la respuesta tiene {length} letras; sobre 2000 se envía en varios mensajes",
        "the answer has {length} letters; above 2000 it is sent as several messages",
    ),
    _error(
        "parrafo-largo",
        "este párrafo tiene {length} letras y no cabe en un mensaje (4096); sepáralo con una línea en blanco",
        "this paragraph has {length} letters and doesn't fit into a message (4096); split it with a "
        "blank line",
    ),
    _error(
        "enlace-no-valido",
        "el enlace «{url}» no se puede abrir; comienza con https://, http://, mailto: o tg:// y va sin "
        "espacios",
        "the link “{url}” can't be opened; it begins with https://, http://, mailto: or tg:// and has no "
        "spaces",
    ),
    _error(
        "imagen-en-texto",
        "una imagen no va dentro del texto; ponla con «image:» en la entrada",
        "a picture doesn't go inside the text; put it under “image:” of the entry",
    ),
    _error(
        "imagen-no-esta",
        "no está la imagen faq/{file}[[; ¿quisiste decir «{near}»?]]",
        "there is no picture faq/{file}[[; did you mean “{near}”?]]",
    ),
    _error(
        "imagen-fuera",
        "la imagen «{file}» tiene que estar dentro de la carpeta faq/; se escribe como images/prensa.png",
        "the picture “{file}” has to be inside the folder faq/; it is written like images/press.png",
    ),
    _error(
        "imagen-grande",
        "la imagen pesa {size} MB; a lo más 10",
        "the picture has {size} MB; 10 at the most",
    ),
    _error(
        "imagen-formato",
        "la imagen faq/{file} no es PNG, JPEG, GIF ni WebP",
        "the picture faq/{file} is no PNG, JPEG, GIF or WebP",
    ),
)

_FILES = (
    _error(
        "falta-archivo",
        "falta este archivo",
        "this file is missing",
    ),
    _error(
        "sin-temas",
        "no hay ningún archivo con preguntas y respuestas en faq/",
        "there is no file with questions and answers in faq/",
    ),
    _error(
        "extension",
        "el nombre del archivo tiene que terminar en .yml",
        "the name of the file has to end in .yml",
    ),
    _error(
        "carpeta",
        "este archivo no se lee porque está en una subcarpeta; va directo en faq/",
        "this file isn't read because it is in a subfolder; it goes right into faq/",
    ),
    _warning(
        "archivo-desconocido",
        "este archivo no se usa[[; ¿quisiste llamarlo «{near}»?]]",
        "this file isn't used[[; did you mean to call it “{near}”?]]",
    ),
)

CONTENT_RULES = (*_SHAPE, *_LANGUAGES, *_REFERENCES, *_ANSWERS, *_FILES)
