"""A small FAQ for the stories about understanding."""

from __future__ import annotations

from ruamel.yaml import YAML

from nlu.embedded import EmbeddedInterpreter
from nlu.lexicon import load_lexicon
from nlu.model import Example
from nlu.train import train_here

SHOP = """
costo_envio:
  es: |
    ¿Cuánto cuesta el envío?
    precio del despacho a regiones
    cuanto sale mandar un paquete a conce
    valor del envío a domicilio
    ¿el despacho es gratis?
    cuánto cobran por llevarlo a mi casa
  en: |
    how much is shipping?
    delivery cost
horario:
  es: |
    ¿A qué hora abren?
    horario de atención
    ¿están abiertos el domingo?
    hasta qué hora atienden
    ¿abren los feriados?
  en: |
    what are your opening hours?
    are you open on sundays?
devolucion:
  es: |
    quiero devolver un producto
    ¿cómo hago una devolución?
    política de devoluciones
    me arrepentí de la compra
    ¿cuántos días tengo para devolver algo?
suscripcion:
  es: |
    ¿cómo funciona la suscripción?
    quiero suscribirme al plan mensual
    ¿qué incluye la suscripción?
    ¿cada cuánto llega la caja del plan?
cancelar_suscripcion:
  es: |
    quiero cancelar mi suscripción
    ¿cómo me doy de baja del plan?
    ya no quiero seguir suscrito
pagos:
  es: |
    ¿qué medios de pago aceptan?
    ¿puedo pagar con transferencia?
    ¿aceptan tarjeta de crédito?
    pagar en cuotas
tienda:
  es: |
    ¿dónde queda la tienda?
    dirección del local
    ¿tienen tienda física?
    ¿dónde están ubicados?
mascotas:
  es: |
    ¿puedo ir con mi perro?
    ¿aceptan mascotas en el local?
    ¿dejan entrar gatos?
"""


def examples(faq: str = SHOP) -> tuple[Example, ...]:
    """Read `entry: {lang: questions}`, with a source for each line."""
    listed: list[Example] = []
    for intent, languages in YAML(typ="safe").load(faq).items():
        for lang, questions in languages.items():
            for number, question in enumerate(questions.splitlines(), 1):
                listed.append(Example(question, intent, lang, f"faq/{intent}.yml:{number}"))
    return tuple(listed)


def interpreter(faq: str = SHOP) -> EmbeddedInterpreter:
    return EmbeddedInterpreter(train_here(examples(faq), "story"), load_lexicon())
