"""A small invented shop: its questions, answers and people as files, readable in one go."""

from __future__ import annotations

from pathlib import Path

BRAND = """\
name: Lápiz y Papel
fictitious: yes
about: |
  Librería inventada para las pruebas.
languages: es
timezone: America/Santiago
voice:
  assistant: Tinta
  address: tú
  plural: ustedes
  emoji: none
menu: costo_envio, horario, medios_pago
"""
TEAM = """\
people:
  bruno:
    name: Bruno Soto
    role: moderator
  camila:
    name: Camila Rojas
    role: supervisor
teams:
  tienda:
    title: Tienda
    people: bruno, camila
hours:
  monday: 00:00-24:00
  tuesday: 00:00-24:00
  wednesday: 00:00-24:00
  thursday: 00:00-24:00
  friday: 00:00-24:00
  saturday: 00:00-24:00
  sunday: 00:00-24:00
"""
FACTS = """\
envio.precio:
  value: $2.500
  team: tienda
envio.plazo:
  value: 3 días hábiles
  team: tienda
"""
SHOP = """\
topic: tienda
title: Tienda
team: tienda
entries:
  costo_envio:
    title: Costo del envío
    questions: |
      ¿Cuánto cuesta el envío?
      precio del despacho a regiones
      cuanto sale mandar un paquete a conce
      valor del flete
      cuánto cobran por enviar
      gastos de envío a valpo
      tarifa del despacho a temuco
    answers:
      - |
        El envío cuesta **{{ envio.precio }}** a todo Chile.
      - |
        Enviamos a todo Chile por **{{ envio.precio }}**.
  plazo_envio:
    title: Plazo de entrega
    questions: |
      ¿Cuánto demora en llegar un pedido?
      cuantos dias tarda el envio
      si compro hoy, cuándo me llega?
      plazo de entrega
      tiempo de despacho a regiones
      en cuántos días llega el paquete
    answers:
      - |
        Tu pedido llega en {{ envio.plazo }}.
      - |
        Calcula {{ envio.plazo }} desde la compra.
  horario:
    title: Horario de la tienda
    questions: |
      ¿A qué hora abren?
      horario de atención
      hasta que hora atienden hoy
      están abiertos los domingos?
      abren los sábados?
      a qué hora cierra la tienda
    answer: |
      La tienda abre de lunes a sábado, de 10 a 19 horas.
  medios_pago:
    title: Medios de pago
    questions: |
      ¿Qué medios de pago aceptan?
      puedo pagar con tarjeta de crédito?
      aceptan transferencia
      se puede pagar en efectivo
      tienen webpay?
      formas de pago
    answer: |
      Recibimos tarjeta, transferencia y efectivo.
    person: offer
  cambios:
    title: Cambios y devoluciones
    questions: |
      ¿Cómo cambio un producto?
      quiero devolver lo que compré
      política de devoluciones
      cuántos días tengo para cambiarlo
      puedo cambiar un cuaderno por otro?
      hacen devolución del dinero
    answer: |
      Puedes cambiar o devolver en los primeros 30 días, con la boleta.
  ventas_empresa:
    title: Ventas a empresas
    questions: |
      ¿Venden a empresas?
      necesito una cotización para mi oficina
      compras al por mayor
      precios por volumen para un colegio
      venta mayorista de cuadernos
      quiero cotizar cien cuadernos para mi empresa
    answer: |
      Sí, vendemos a empresas y colegios.
    person: always
"""


def write_shop(home: Path) -> Path:
    """Write the shop's files below `home`."""
    for name, text in (
        ("config/brand.yml", BRAND),
        ("config/team.yml", TEAM),
        ("faq/facts.yml", FACTS),
        ("faq/tienda.yml", SHOP),
    ):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return home
