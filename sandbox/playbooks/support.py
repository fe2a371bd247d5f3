"""What of a playbook cannot be run here: found before the first node runs, so that no run is green that left it out."""

from collections.abc import Iterator

from sandbox.playbooks.module import Module
from sandbox.playbooks.operators import COMPARISONS, MODIFICATIONS, OPERATORS
from sandbox.playbooks.playbook import Node, NodeError, Playbook, PlaybookError
from sandbox.playbooks.stubs import Stub
from sandbox.playbooks.templates import Templates

__all__ = ["check", "needs_stub"]


def check(playbook: Playbook, start: str, module: Module, stubs: dict[str, Stub], templates: Templates) -> None:
    """Raises PlaybookError, which names each node that cannot be run and why, when there are any.

    Looked at are the nodes that a way leads to from the trigger `start`. A stub answers for whatever a node is, except
    for a foreach: its body would not run.
    """
    faults = list[str]()
    reached = playbook.reached(start)
    trigger = playbook.nodes[start]
    # Some of the vendor's templates are a trigger alone, whose module does it all.
    if not trigger.following("default") and any(node.type != "trigger" for node in playbook.nodes.values()):
        faults.append(f"Node {start} ({trigger.name}) leads nowhere by its output default, so nothing would run.")
    without = list[str]()
    for key in reached[1:]:
        node = playbook.nodes[key]
        if needs_stub(node, module):
            without += [] if key in stubs else [key]
        else:
            faults += [f"Node {key} ({node.name}) {fault}." for fault in _faults(node, module, key in stubs)]
        faults += [f"Node {key} ({node.name}): {fault}" for fault in _template_faults(node, templates)]
    if without:
        named = ", ".join(f"{key} ({playbook.nodes[key].name})" for key in without)
        faults.append(
            f"Actions of other modules are not run here: say in the stubs what they answer, or have them written by "
            f"--init-stubs FILE. Without a stub: {named}."
        )
    if circle := playbook.circle(start):
        faults.append(f"Nodes lead in a circle, which would run forever: {' → '.join(circle)}.")
    if faults:
        raise PlaybookError("The playbook cannot be run as it is. " + "\n".join(faults))


def needs_stub(node: Node, module: Module) -> bool:
    """Whether only a stub can answer for a node: it is an action of another module."""
    return node.type == "action" and node.module_uuid != module.uuid


def _faults(node: Node, module: Module, stubbed: bool) -> Iterator[str]:
    """What of a node is not supported, to be read after its name."""
    match node.type:
        case "action" if node.action_uuid not in module.actions and not stubbed:
            yield f"is an action that the module in {module.folder} does not have: {node.action_uuid}"
        case "action":
            pass
        case "operator" if node.operator == "foreach":
            yield from _loop_faults(node, stubbed)
        case "operator" if stubbed:
            pass
        case "operator" if node.operator not in OPERATORS:
            yield f"is an operator that is not supported: {node.subtype}"
        case "operator":
            yield from _operator_faults(node)
        case "trigger":
            yield "is a trigger to which another node leads"
        case _:
            yield f"is of a type that is not supported: {node.type}"


def _loop_faults(node: Node, stubbed: bool) -> Iterator[str]:
    if stubbed:
        yield "is a loop, and has a stub, with which its body would not run: stub the nodes of the body"
    if not node.following("loop"):
        yield "is a loop without a body: no node hangs on its output loop"
    if node.items in (None, ""):
        yield "is a loop without a list of items"


def _operator_faults(node: Node) -> Iterator[str]:
    for case in node.cases:
        if case.comparison not in COMPARISONS:
            yield f"has a comparison that is not supported, in its case {case.name}: {case.comparison}"
    for change in node.modifications:
        if change.type not in MODIFICATIONS:
            yield f"has a modification that is not supported, of store.{change.key}: {change.type}"


def _template_faults(node: Node, templates: Templates) -> Iterator[str]:
    """What of a node's templates cannot be used, a sentence each."""
    named = {f"The argument {name}": value for name, value in node.arguments.items()}
    named |= {f'The case "{case.name}"': [case.left, case.right] for case in node.cases}
    named |= {f"The value of store.{change.key}": change.value for change in node.modifications}
    for where, value in {**named, "The list of items": node.items}.items():
        try:
            templates.check(value, where=where)
        except NodeError as fault:
            yield str(fault)
