"""A problem is told to a person, to a program and to a code host."""

from __future__ import annotations

import json
import re

import pytest

from bot.errors import Position
from bot.knowledge.problem import Problem, Rule
from bot.knowledge.rules import RULES, problem

AT = Position("faq/envios.yml", 14, 5)


def test_a_problem_is_one_line_with_place_rule_and_remedy() -> None:
    found = problem("falta-barra", AT, word="respuesta")

    assert found.render("es") == (
        "faq/envios.yml:14:5 falta-barra: después de «respuesta:» va | y el texto en la línea siguiente, "
        "dos espacios más adentro"
    )
    assert found.render("en") == (
        "faq/envios.yml:14:5 falta-barra: after “respuesta:” put | and the text on the next line, "
        "two spaces further in"
    )


def test_a_stretch_goes_when_its_own_param_is_empty() -> None:
    rule = Rule("r", "warning", "a[[ b {x}]][[ c {y}]].", "")

    assert Problem(AT, rule, {"x": "", "y": "{x}"}).message("es") == "a c {x}."


def test_other_programs_get_an_object() -> None:
    told = json.loads(problem("sin-texto", AT, word="título").as_json("en"))

    assert told == {
        "file": "faq/envios.yml",
        "line": 14,
        "column": 5,
        "rule": "sin-texto",
        "level": "error",
        "message": "“título:” has nothing; write what belongs to it or delete the line",
    }


def test_a_code_host_gets_a_command_with_its_signs_escaped() -> None:
    rule = Rule("una,regla:rara", "warning", "", "100 %\nmás")

    told = Problem(Position("faq/a,b.yml", 2, 3), rule, {}).as_github("en")

    assert told == "::warning file=faq/a%2Cb.yml,line=2,col=3,title=una%2Cregla%3Arara::100 %25%0Amás"


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_both_languages_of_a_rule_tell_the_same(rule: Rule) -> None:
    def params(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
    if rule.id != "texto-propio":  # the catalogue words this one
        assert params(rule.es) == params(rule.en)
        assert rule.es.count("[[") == rule.en.count("[[")
        assert not re.search("[“”]", rule.es), "Spanish has its own quotation marks"
        assert not re.search("[«»]", rule.en), "English has its own quotation marks"
