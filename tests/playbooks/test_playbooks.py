"""Each playbook in playbooks/ fits the export format, the manifests of the modules that it uses, and itself."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from sandbox.playbooks.playbook import Node, Playbook, read_json_object
from sandbox.playbooks.stubs import load_stubs
from tests.playbooks import vendor

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted(path for path in (ROOT / "playbooks").glob("*.json") if not path.match("*.trigger.json"))
MODULE_UUID = json.loads((ROOT / "manifest.json").read_bytes())["uuid"]
ACTIONS = {
    manifest["uuid"]: manifest for manifest in (json.loads(path.read_bytes()) for path in ROOT.glob("action_*.json"))
}
each_playbook = pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)


def _our_actions(playbook: Playbook) -> list[tuple[str, Node]]:
    return [(key, node) for key, node in playbook.nodes.items() if node.module_uuid == MODULE_UUID]


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            yield from _strings(list(value.values()))


def _references(template: str) -> Iterator[tuple[str, str | None]]:
    """The (node, result) pairs that a template names; the result is None where a whole node is named.

    A jsonpath over a whole node names the result that it begins with.
    """
    named: set[int] = set()
    for access in SandboxedEnvironment().parse(template).find_all(nodes.Expr):  # outer expressions come first
        match access:
            case nodes.Getattr(
                node=nodes.Getitem(node=nodes.Name(name="node"), arg=nodes.Const(value=key)) as whole, attr=result
            ) | nodes.Getitem(
                node=nodes.Getitem(node=nodes.Name(name="node"), arg=nodes.Const(value=key)) as whole,
                arg=nodes.Const(value=result),
            ):
                named.add(id(whole))
                yield str(key), str(result)
            case nodes.Filter(
                name="jsonpath",
                node=nodes.Getitem(node=nodes.Name(name="node"), arg=nodes.Const(value=key)) as whole,
                args=[nodes.Const(value=str(path)), *_],
            ) if begin := re.match(r"\$\.(\w+)", path):
                named.add(id(whole))
                yield str(key), begin[1]
            case nodes.Getitem(node=nodes.Name(name="node"), arg=nodes.Const(value=key)) if id(access) not in named:
                yield str(key), None


def _reached(playbook: Playbook, *, without: str | None = None) -> set[str]:
    """The nodes that the trigger leads to, near or far, when one node is taken away."""
    found: set[str] = set()
    fresh = {playbook.start()} - {without}
    while fresh:
        found |= fresh
        fresh = {follower for key in fresh for follower in playbook.nodes[key].followers} - found - {without}
    return found


def test_there_are_playbooks() -> None:
    """The checks below have something to check."""
    assert PLAYBOOKS


@each_playbook
def test_has_the_shape_of_an_export(path: Path) -> None:
    """The top level and each node have the fields of the vendor's public templates, and no others."""
    export = json.loads(path.read_bytes())
    assert set(export) == {"name", "description", "tags", "uuid", "workspace", "nodes"}
    assert str(UUID(export["uuid"])) == export["uuid"]
    assert all(export[field].strip() for field in ("name", "description"))
    assert export["workspace"] in {"Operation Center", "Intelligence Center"}
    kinds = {
        "trigger": {"module_uuid", "trigger_uuid"},
        "action": {"module_uuid", "action_uuid", "arguments"},
        "operator": {"subtype", "cases"},
    }
    for key, node in export["nodes"].items():
        assert key.isdecimal()
        needed = {"name", "type", "outputs"} | kinds[node["type"]]
        assert needed <= set(node) <= needed | {"icon", "position"}


def test_uuids_of_playbooks_are_unique() -> None:
    """No playbook is a copy that kept the uuid of another."""
    uuids = [json.loads(path.read_bytes())["uuid"] for path in PLAYBOOKS]
    assert len(set(uuids)) == len(uuids)


@each_playbook
def test_every_edge_leads_somewhere(path: Path) -> None:
    """The graph is whole (which loading checks), and every node is reached from the trigger."""
    playbook = Playbook.load(path)
    assert _reached(playbook) == set(playbook.nodes)


@each_playbook
def test_every_output_exists(path: Path) -> None:
    """A condition has one output for each case and one for all else, and an action those that it can set."""
    for key, node in Playbook.load(path).nodes.items():
        if node.type == "operator":
            assert node.subtype == "condition"
            expected = {case.name for case in node.cases} | {"else"}
            assert len(expected) == len(node.cases) + 1
        else:
            expected = {"default", *ACTIONS.get(node.action_uuid or "", {}).get("outputs", {})}
        # Any action can fail, and a playbook can go on from there.
        followed = set(node.outputs) - ({"error"} if node.type == "action" else set())
        assert followed == expected, f"node {key}"


@each_playbook
def test_uuids_are_real(path: Path) -> None:
    """Our actions are in our manifests, and all else is the vendor's."""
    playbook = Playbook.load(path)
    assert _our_actions(playbook)
    for node in playbook.nodes.values():
        if node.type == "trigger":
            assert (node.module_uuid, node.trigger_uuid) in vendor.TRIGGERS
        elif node.type == "action" and node.module_uuid == MODULE_UUID:
            assert node.action_uuid in ACTIONS
        elif node.type == "action":
            assert (node.module_uuid, node.action_uuid) in vendor.ACTIONS


@each_playbook
def test_arguments_exist_in_the_manifest(path: Path) -> None:
    """Actions get arguments that they have, and all that they require."""
    for key, node in Playbook.load(path).nodes.items():
        if node.module_uuid == MODULE_UUID:
            schema = ACTIONS[node.action_uuid or ""]["arguments"]
            arguments, required = set(schema["properties"]), set(schema.get("required", []))
        elif node.type == "action":
            arguments, required, _ = vendor.ACTIONS[node.module_uuid or "", node.action_uuid or ""]
        else:
            arguments, required = set(), set()
        assert required <= set(node.arguments) <= arguments, f"node {key}"


def _results(path: Path, node: Node) -> set[str]:
    """The names of what a node gives."""
    if node.module_uuid == MODULE_UUID:
        return set(ACTIONS[node.action_uuid or ""]["results"]["properties"])
    if node.type == "action":
        return vendor.ACTIONS[node.module_uuid or "", node.action_uuid or ""].results
    if node.type == "trigger" and path.stem != "use_your_own_cti":
        return vendor.TRIGGERS[node.module_uuid or "", node.trigger_uuid or ""]
    if node.type == "trigger":  # its description says that the event is to be replaced by nodes of one's own
        return set(read_json_object(path.with_suffix(".trigger.json")))
    return set()


@each_playbook
def test_templates_name_results_of_earlier_nodes(path: Path) -> None:
    """Every {{ node.… }} names a node that ran on whatever way led here, and a result that this node has."""
    playbook = Playbook.load(path)
    used = 0
    for key, node in playbook.nodes.items():
        cases = [[case.left, case.right] for case in node.cases]
        for other, result in (pair for text in _strings([node.arguments, cases]) for pair in _references(text)):
            used += 1
            assert key not in _reached(playbook, without=other), f"node {key} uses node {other}"
            if result is not None:
                assert result in _results(path, playbook.nodes[other]), f"node {key} uses {result} of node {other}"
    assert used


@each_playbook
def test_examples_fit(path: Path) -> None:
    """The stubs beside it answer for every node of another module with results that it has, and the event likewise."""
    playbook = Playbook.load(path)
    stubs = load_stubs(path.with_suffix(".stubs.yaml"), playbook)
    others = {key for key, node in playbook.nodes.items() if node.type == "action" and node.module_uuid != MODULE_UUID}
    assert set(stubs) - {playbook.start()} == others
    for key in others:
        assert set(stubs[key].results) <= _results(path, playbook.nodes[key]), f"node {key}"
    if (event := path.with_suffix(".trigger.json")).exists():
        assert set(read_json_object(event)) <= _results(path, playbook.nodes[playbook.start()])


def test_references_are_found_however_they_are_written() -> None:
    """The check above sees dots, brackets, filters, loops, JSON paths and whole nodes."""
    template = (
        "{{ node.1.short_id }} {{ node[2]['a b'] | upper }} {{ node.3 | length }} "
        "{{ node.12['x'][0] }} {{ other.4.y }} {% for i in node.5.list if node.6.x %}{{ i }}{% endfor %}"
        """{{ node.7 | jsonpath("$.fields[*].name", True) | length }} {{ node.8 | jsonpath("$[*]") }}"""
    )
    expected = {("1", "short_id"), ("2", "a b"), ("3", None), ("12", "x"), ("5", "list"), ("6", "x")}
    assert set(_references(template)) == expected | {("7", "fields"), ("8", None)}
