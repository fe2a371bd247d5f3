"""Each playbook in playbooks/ fits the export format, this module's manifests, and itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from sandbox.demo import example_event
from sandbox.playbook import Node, Playbook

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.json"))
MODULE_UUID = json.loads((ROOT / "manifest.json").read_bytes())["uuid"]
ACTIONS = {
    manifest["uuid"]: manifest for manifest in (json.loads(path.read_bytes()) for path in ROOT.glob("action_*.json"))
}
# The vendor's triggers, by (module, trigger), as its public modules and templates have them.
TRIGGERS = {("92d8bb47-7c51-445d-81de-ae04edbb6f0a", "fc26eb9f-b272-4c15-b3bf-ace397c0dc57"): "Manual Trigger"}

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
    """The (node, result) pairs that a template names; the result is None where a whole node is named."""
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
            case nodes.Getitem(node=nodes.Name(name="node"), arg=nodes.Const(value=key)) if id(access) not in named:
                yield str(key), None


def _before(playbook: Playbook, key: str) -> set[str]:
    """The nodes from which an edge leads to this node, near or far."""
    found: set[str] = set()
    fresh = {key}
    while fresh:
        fresh = {
            other
            for other, node in playbook.nodes.items()
            if fresh & {target for targets in node.outputs.values() for target in targets}
        } - found
        found |= fresh
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
        "operator": {"subtype"},
    }
    for key, node in export["nodes"].items():
        assert key.isdecimal()
        needed = {"name", "type", "outputs"} | kinds[node["type"]]
        assert needed <= set(node) <= needed | {"icon", "position", "cases", "items", "loop", "modifications"}


def test_uuids_of_playbooks_are_unique() -> None:
    """No playbook is a copy that kept the uuid of another."""
    uuids = [json.loads(path.read_bytes())["uuid"] for path in PLAYBOOKS]
    assert len(set(uuids)) == len(uuids)


@each_playbook
def test_every_edge_leads_somewhere(path: Path) -> None:
    """The graph is whole (which loading checks), and every node is reached from the trigger."""
    playbook = Playbook.load(path)
    for key in playbook.nodes:
        assert key == playbook.trigger or playbook.trigger in _before(playbook, key)


@each_playbook
def test_uuids_are_real(path: Path) -> None:
    """Our actions are in our manifests, and the trigger is one of the vendor's."""
    export = json.loads(path.read_bytes())
    for node in export["nodes"].values():
        if node["type"] == "trigger":
            assert (node["module_uuid"], node["trigger_uuid"]) in TRIGGERS
    ours = _our_actions(Playbook.load(path))
    assert ours
    for _, node in ours:
        assert node.action_uuid in ACTIONS


@each_playbook
def test_arguments_exist_in_the_manifest(path: Path) -> None:
    """Our actions get arguments that they have, and all that they require."""
    for key, node in _our_actions(Playbook.load(path)):
        schema = ACTIONS[node.action_uuid or ""]["arguments"]
        assert set(node.arguments) <= set(schema["properties"]), f"node {key}"
        assert set(schema.get("required", [])) <= set(node.arguments), f"node {key}"


@each_playbook
def test_templates_name_results_of_earlier_nodes(path: Path, tmp_path: Path) -> None:
    """Every {{ node.… }} names a node before it and, of our actions and the trigger, a result that it has."""
    playbook = Playbook.load(path)
    from_trigger = {"alert_uuid"} | set(example_event(tmp_path))
    for key, node in playbook.nodes.items():
        before = _before(playbook, key)
        for other, result in (pair for text in _strings(node.arguments) for pair in _references(text)):
            assert other in before, f"node {key} uses node {other}"
            source = playbook.nodes[other]
            if result is not None and source.type == "trigger":
                assert result in from_trigger, f"node {key} uses {result} of the trigger"
            elif result is not None and source.module_uuid == MODULE_UUID:
                assert result in ACTIONS[source.action_uuid or ""]["results"]["properties"], f"node {key}"


def test_references_are_found_however_they_are_written() -> None:
    """The check above sees dots, brackets, filters and whole nodes."""
    template = (
        "{{ node.1.short_id }} {{ node[2]['a b'] | upper }} {{ node.3 | length }} "
        "{{ node.12['x'][0] }} {{ other.4.y }}"
    )
    assert set(_references(template)) == {("1", "short_id"), ("2", "a b"), ("3", None), ("12", "x")}
