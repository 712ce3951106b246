"""What members write, and what is understood, with a small FAQ of a shop (tests/unit/nlu_faq.py)."""

from __future__ import annotations

import pytest

from nlu.embedded import EmbeddedInterpreter
from nlu.lexicon import load_lexicon
from nlu.model import Band
from nlu.repair import Repairer
from tests.unit.nlu_faq import interpreter


@pytest.fixture(scope="module")
def shop() -> EmbeddedInterpreter:
    return interpreter()


def told(story: str) -> list[tuple[str, str]]:
    """Read lines of `text -> expected`."""
    lines = [line.strip() for line in story.strip().splitlines()]
    return [
        (text.strip(), expected.strip()) for text, _, expected in (line.rpartition("->") for line in lines)
    ]


SURE = """
    ¿Cuánto cuesta el envío?                       -> costo_envio
    CUANTO SALE EL ENVIO A TEMUCO??                -> costo_envio
    cuanto vale el despachooo                      -> costo_envio
    cuanto cuesta el embio                         -> costo_envio
    how much does shipping cost                    -> costo_envio
    quanto custa o frete?                          -> costo_envio
    a q hora abren mañana                          -> horario
    what time do you open                          -> horario
    que horas vocês abrem?                         -> horario
    kiero devolver un producto xfa                 -> devolucion
    cómo me doy de baja de la suscripción          -> cancelar_suscripcion
    aceptan tarjeta?                               -> pagos
    do you accept credit cards                     -> pagos
    donde esta ubicada la tienda                   -> tienda
    puedo llevar a mi perrito                      -> mascotas
"""


@pytest.mark.parametrize(("text", "entry"), told(SURE))
def test_a_question_in_other_words_typos_and_languages_finds_its_entry(
    shop: EmbeddedInterpreter, text: str, entry: str
) -> None:
    understood = shop.interpret(text)

    assert (understood.intent, understood.band) == (entry, Band.SURE), understood.trace
    assert understood.candidates[0].intent == entry


OUT_OF_SCOPE = """
cuál es la capital de Mongolia
quién ganó el partido de ayer
me recomiendas una película
cuánto mide la torre Eiffel
what is the weather like in Paris
translate this to French
quem descobriu o Brasil
asdf qwer zxcv
купить слона
我想买咖啡
tienen trabajo para mi hermano astronauta
"""


@pytest.mark.parametrize("text", OUT_OF_SCOPE.strip().splitlines())
def test_a_question_that_no_entry_answers_is_not_answered(shop: EmbeddedInterpreter, text: str) -> None:
    assert shop.interpret(text).band is not Band.SURE


SYSTEM = """
    hola                                            -> _greeting
    holaaaa buenas tardes!!                         -> _greeting
    hi there                                        -> _greeting
    oi, tudo bem?                                   -> _greeting
    muchas gracias 🙏                               -> _thanks
    thx                                             -> _thanks
    valeu                                           -> _thanks
    chao, que estén bien                            -> _goodbye
    see you later                                   -> _goodbye
    eres un bot?                                    -> _bot
    am i talking to a real person?                  -> _bot
    vc é um robô?                                   -> _bot
    quién eres                                      -> _who
    what can you do?                                -> _who
    no entendí                                      -> _repeat
    me lo repites porfa?                            -> _repeat
    could you repeat that                           -> _repeat
    quiero hablar con alguien                       -> _person
    hola, quiero hablar con un humano               -> _person
    pásame con un ejecutivo por favor               -> _person
    hay alguien ahí?                                -> _person
    agente                                          -> _person
    persona real plis                               -> _person
    no quiero hablar con un robot                   -> _person
    i want a human                                  -> _person
    can i speak to a manager                        -> _person
    quero falar com um atendente                    -> _person
    tem alguém aí?                                  -> _person
    llevo 3 semanas esperando y nadie responde, son unos ladrones -> _complaint
    me estafaron                                    -> _complaint
    quiero poner un reclamo                         -> _complaint
    worst service ever                              -> _complaint
    péssimo atendimento                             -> _complaint
    estoy muy molesta con ustedes                   -> _complaint
    me tienen harto con tantas excusas              -> _complaint
    el vendedor fue súper grosero conmigo           -> _complaint
    your employee was very rude                     -> _complaint
    so disappointed with you guys                   -> _complaint
    fui mal atendida na loja                        -> _complaint
    exijo hablar con un responsable                 -> _person
    denme una persona                               -> _person
    enough bots, give me a person                   -> _person
    sos chatgpt?                                    -> _bot
    are you an actual human                         -> _bot
    te lo agradezco un montón                       -> _thanks
    ty, that was helpful                            -> _thanks
    ajudou muito, valeu                             -> _thanks
    cuídense, buenas noches                         -> _goodbye
    gotta go, bye                                   -> _goodbye
    nos vemos mañana                                -> _goodbye
"""


@pytest.mark.parametrize(("text", "intent"), told(SYSTEM))
def test_what_is_said_to_the_bot_itself_needs_no_faq(
    shop: EmbeddedInterpreter, text: str, intent: str
) -> None:
    understood = shop.interpret(text)

    assert (understood.intent, understood.band) == (intent, Band.SURE), understood.trace


def test_a_person_in_a_photo_is_not_asked_for(shop: EmbeddedInterpreter) -> None:
    assert shop.interpret("hay una persona en la foto?").intent != "_person"


def test_a_greeting_around_a_question_is_kept_beside_it(shop: EmbeddedInterpreter) -> None:
    understood = shop.interpret("hola buenas, cuanto sale el envío? gracias")

    assert (understood.intent, understood.social) == ("costo_envio", "_greeting")
    assert not understood.fragment


def test_annoyance_keeps_the_answer_and_asks_for_an_acknowledgement(shop: EmbeddedInterpreter) -> None:
    understood = shop.interpret("CUANTO CUESTA EL ENVIO!!!! 😡")

    assert (understood.intent, understood.angry) == ("costo_envio", True)
    assert not shop.interpret("¿Cuánto cuesta el envío?").angry


def test_waiting_too_long_is_answered_where_an_entry_knows(shop: EmbeddedInterpreter) -> None:
    question = shop.interpret("llevo dos semanas esperando, cuanto cuesta el envio")
    rest = shop.interpret("llevo dos semanas esperando")

    assert (question.intent, question.angry) == ("costo_envio", True)
    assert (rest.intent, rest.angry) == ("_complaint", True)


@pytest.mark.parametrize(
    "text", ["no aceptan tarjeta?", "si compro hoy, cuanto cuesta el envio", "ya abrieron?"]
)
def test_a_yes_or_no_before_a_question_belongs_to_it(shop: EmbeddedInterpreter, text: str) -> None:
    assert shop.interpret(text).trace.normalised.split()[0] == text.split()[0]


@pytest.mark.parametrize("text", ["te debo un monton", "que chato", "hola parce", "me dejaron"])
def test_everyday_words_are_not_mended_into_the_words_of_an_faq(text: str) -> None:
    near = Repairer({"monto": 9, "chat": 9, "parcel": 9, "deje": 9}, load_lexicon().known_words)

    assert near.repair(text.split()) == (tuple(text.split()), ())


def test_words_of_other_subjects_speak_against_an_answer(shop: EmbeddedInterpreter) -> None:
    ours = shop.interpret("a qué hora abren mañana")
    theirs = shop.interpret("a qué hora abre el banco mañana")

    assert ours.intent == "horario"
    assert theirs.candidates[0].confidence < ours.confidence - 0.2
    assert any("elsewhere" in note and "elsewhere 0%" not in note for note in theirs.trace.notes)


@pytest.mark.parametrize(
    "text", ["do you ship with netflix", "a qué hora abre el supermercado", "devolver algo a falabella"]
)
def test_the_same_question_about_another_firm_is_less_sure(shop: EmbeddedInterpreter, text: str) -> None:
    *ours, _ = text.split()

    assert shop.interpret(text).confidence < shop.interpret(" ".join(ours)).confidence


def test_an_faq_about_another_subject_owns_its_words() -> None:
    bank = interpreter(
        """
        horario_banco: {es: "a qué hora abre el banco\\nhorario del banco\\nel banco abre los sábados"}
        hipoteca: {es: "cómo pido una hipoteca\\nqué interés tiene la hipoteca\\nrequisitos de la hipoteca"}
        """
    )

    understood = bank.interpret("a que hora abre el banco hoy")

    assert understood.intent == "horario_banco"
    assert any("elsewhere 0%" in note for note in understood.trace.notes)


def test_a_clear_complaint_goes_first(shop: EmbeddedInterpreter) -> None:
    understood = shop.interpret("son unos estafadores, cuanto cuesta el envio")

    assert (understood.intent, understood.angry) == ("_complaint", True)
    assert understood.candidates[0].intent == "costo_envio"


@pytest.mark.parametrize(
    "text", ["hola", "una consulta", "tengo una duda", "cuanto sale el envio a", "y la", "oye..."]
)
def test_what_goes_on_in_the_next_message_is_a_fragment(shop: EmbeddedInterpreter, text: str) -> None:
    assert shop.interpret(text).fragment


@pytest.mark.parametrize("text", ["¿cuánto cuesta el envío?", "quiero devolver un producto", "gracias"])
def test_what_is_complete_is_no_fragment(shop: EmbeddedInterpreter, text: str) -> None:
    assert not shop.interpret(text).fragment


@pytest.mark.parametrize("text", ["", "   ", "👍", "...", "jajajaja", "\u200b\u200d", "ok", "¿?"])
def test_a_text_without_a_question_has_no_content(shop: EmbeddedInterpreter, text: str) -> None:
    understood = shop.interpret(text)

    assert (understood.content, understood.band) == (False, Band.NONE)


LANGUAGES = """
    hola, cuánto cuesta?            -> es
    dnd kda la tienda               -> es
    what are your opening hours     -> en
    thx for ur help                 -> en
    vocês aceitam cartão?           -> pt
    qual o horário de vcs           -> pt
    quanto custa                    -> pt
"""


@pytest.mark.parametrize(("text", "lang"), told(LANGUAGES))
def test_the_language_is_told_from_a_few_words(shop: EmbeddedInterpreter, text: str, lang: str) -> None:
    assert shop.interpret(text).lang == lang


def test_without_evidence_the_language_of_the_conversation_stands(shop: EmbeddedInterpreter) -> None:
    assert shop.interpret("👍", lang_prior="pt").lang == "pt"
    assert shop.interpret("where is my order", lang_prior="pt").lang == "en"


def test_a_short_follow_up_leans_on_the_entry_answered_last(shop: EmbeddedInterpreter) -> None:
    alone = shop.interpret("y a regiones?")
    after = shop.interpret("y a regiones?", context=["costo_envio"])

    assert after.intent == "costo_envio"
    assert after.confidence > alone.confidence
    assert any("follow-up" in note for note in after.trace.notes)


def test_context_does_not_answer_another_question(shop: EmbeddedInterpreter) -> None:
    assert shop.interpret("y a qué hora abren?", context=["costo_envio"]).intent == "horario"
    assert shop.interpret("y la capital de Mongolia?", context=["costo_envio"]).band is not Band.SURE


def test_two_entries_that_fit_alike_are_asked_about() -> None:
    twins = interpreter(
        """
        cambio_talla: {es: "quiero cambiar la talla\\ncambio de talla\\nla talla no me queda"}
        cambio_color: {es: "quiero cambiar el color\\ncambio de color\\nel color no me gusta"}
        horario: {es: "a qué hora abren\\nhorario de atención"}
        """
    )

    understood = twins.interpret("quiero un cambio")

    assert understood.band is not Band.SURE
    assert {one.intent for one in understood.candidates[:2]} == {"cambio_talla", "cambio_color"}


def test_the_trace_says_why(shop: EmbeddedInterpreter) -> None:
    trace = shop.interpret("Hola!! cuanto cuesta el embío").trace

    assert trace.repairs == (("embio", "envio"),)
    assert trace.normalised == "cuanto cuesta el envio"
    assert trace.nearest[0].source == "faq/costo_envio.yml:1"
    assert 0.9 <= trace.nearest[0].similarity <= 1.0
    assert [one.similarity for one in trace.nearest] == sorted(
        (one.similarity for one in trace.nearest), reverse=True
    )


def test_a_rule_that_decided_is_named_with_its_line(shop: EmbeddedInterpreter) -> None:
    assert any(
        note.startswith("rules.txt:") for note in shop.interpret("quiero hablar con alguien").trace.notes
    )


def test_an_faq_question_that_reads_like_a_complaint_is_answered() -> None:
    faq = interpreter(
        """
        reclamos: {es: "quiero poner un reclamo\\ncómo hago un reclamo\\ndónde reclamo"}
        horario: {es: "a qué hora abren\\nhorario de atención"}
        """
    )

    assert faq.interpret("quiero poner un reclamo").intent == "reclamos"


def test_an_faq_of_one_question_works() -> None:
    tiny = interpreter('horario: {es: "a qué hora abren"}')

    assert tiny.interpret("a que hora abren?").intent == "horario"
    assert tiny.interpret("venden zapatos rojos").band is not Band.SURE


async def test_the_contract_is_a_coroutine(shop: EmbeddedInterpreter) -> None:
    assert await shop.understand("a qué hora abren") == shop.interpret("a qué hora abren")


def test_an_entry_that_answers_greetings_goes_before_the_built_in_one() -> None:
    faq = interpreter(
        """
        bienvenida: {es: "hola\\nbuenas tardes\\nhola qué tal"}
        horario: {es: "a qué hora abren\\nhorario de atención"}
        """
    )

    assert faq.interpret("hola buenas").intent == "bienvenida"
    assert faq.interpret("hola, a qué hora abren?").intent == "horario"
