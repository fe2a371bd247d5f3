"""Writes stubs for a playbook: each with an example of the results that later templates read."""

import ast
from contextlib import suppress
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.sandbox import SandboxedEnvironment

from sandbox.playbooks.documents import as_yaml
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Case, JSONObject, Node, Playbook
from sandbox.playbooks.shapes import EXAMPLE_FILE, Shape
from sandbox.playbooks.support import needs_stub
from sandbox.playbooks.templates import texts_in

__all__ = ["example_stubs"]

# Filters that give a list of what they got, or what they got.
PASSING = {"list", "unique", "reject", "select", "rejectattr", "selectattr", "sort", "reverse", "default", "d"}
# Of the file that examples name.
CONTENT = "host.example\n"


def example_stubs(playbook: Playbook, module: Module) -> str:
    """A file of stubs, in YAML: for each trigger what it gives, for each action of another module what it answers.

    What an example has is what templates read of it, with values for which the first case of a condition holds, and which
    the actions of the module can use that get them; a file among them comes with the stub. Where nothing is read of a
    node its results are empty. Of branches that an action sets the first that leads on is taken.
    """
    shapes = _Reader(playbook, module).shapes
    parts = ["# What nodes answer that are not run here. These are examples: change what matters to you.\n"]
    for key, node in playbook.nodes.items():
        if node.type != "trigger" and not needs_stub(node, module):
            continue
        uuid = node.trigger_uuid if node.type == "trigger" else node.action_uuid
        what = f"{node.type} {uuid}" if uuid else node.type
        results = shapes[key].example() if shapes[key].keys else {}
        stub: JSONObject = {"results": results}
        if output := _branch(node):
            stub["outputs"] = {output: True}
        if EXAMPLE_FILE in texts_in(results):
            stub["files"] = {EXAMPLE_FILE: CONTENT}
        parts.append(f"# {' '.join(node.name.split())} ({what})\n{as_yaml({key: stub})}")
    return "\n".join(parts)


def _branch(node: Node) -> str | None:
    """The first output that leads on and has to be set for it; None where the default one leads on."""
    if node.following("default"):
        return None
    leading = (output for output, keys in node.branches.items() if keys and output not in {"error", "loop"})
    return next(leading, None)


class _Reader:
    """Reads the templates of a playbook, and notes what they read of each node."""

    def __init__(self, playbook: Playbook, module: Module) -> None:
        self._environment = SandboxedEnvironment()
        self.shapes = {key: Shape() for key in playbook.nodes}
        self._names = {"node": Shape(keys=self.shapes), "store": Shape()}
        for key, node in playbook.nodes.items():
            if node.operator == "foreach":
                value = self._read(node.items).item
                self.shapes[key].key("default").keys["value"] = value
        for node in playbook.nodes.values():
            for change in node.modifications:
                *parents, last = change.key.split(".")
                holder = self._names["store"]
                for parent in parents:
                    holder = holder.key(parent)
                value = self._read(change.value)
                holder.keys.setdefault(last, Shape(items=value) if change.type == "append" else value)
        for node in playbook.nodes.values():
            for name, value in node.arguments.items():
                shape = self._read(value)
                if node.action_uuid in module.actions:
                    shape.used_as(name)
            for case in node.cases:
                self._compare(case)

    def _compare(self, case: Case) -> None:
        """Notes for which value a case would hold."""
        left, right = self._read(case.left), case.right
        self._read(right)
        if isinstance(right, str):
            with suppress(ValueError, SyntaxError):
                right = ast.literal_eval(right.replace("{{", "").replace("}}", "").strip())
        match case.comparison, right:
            case "==" | ">=" | "<=", _:
                left.wanted.append(right)
            case ">", int() | float():
                left.wanted.append(right + 1)
            case "<", int() | float():
                left.wanted.append(right - 1)
            case "range" | "in", [first, *_]:
                left.wanted.append(first)

    def _read(self, template: Any) -> Shape:
        """Notes what a template reads; returns what it stands for when it is one expression."""
        if not isinstance(template, str):
            for text in texts_in(template):
                self._read(text)
            return Shape()
        try:
            parsed = self._environment.parse(template)
        except TemplateError:
            return Shape()
        found = [self._visit(child, {}) for child in parsed.body]
        return found[0] if len(found) == 1 else Shape()

    def _visit(self, node: nodes.Node, scope: dict[str, Shape]) -> Shape:
        """The shape that an expression stands for, a new one where that is not known; what is in it is visited."""
        match node:
            case nodes.Name():
                return scope.get(node.name) or self._names.get(node.name) or Shape()
            case nodes.Getattr():
                return self._visit(node.node, scope).key(node.attr)
            case nodes.Getitem():
                return self._visit_item(node, scope)
            case nodes.Filter() if node.node is not None:
                return self._filter(node, self._visit(node.node, scope), scope)
            case nodes.Call(node=nodes.Getattr() as method):
                return self._call(node, method, scope)
            case nodes.Compare():
                self._visit_comparison(node, scope)
            case nodes.For():
                self._visit_loop(node, scope)
            case nodes.Add():
                return Shape(parts=[self._visit(node.left, scope), self._visit(node.right, scope)])
            case nodes.CondExpr(expr2=nodes.Expr() as other):
                self._visit(node.test, scope)
                return Shape(parts=[self._visit(node.expr1, scope), self._visit(other, scope)])
            case nodes.Output(nodes=[only]):
                return self._visit(only, scope)
            case _:
                for child in node.iter_child_nodes():
                    self._visit(child, scope)
        return Shape()

    def _visit_item(self, node: nodes.Getitem, scope: dict[str, Shape]) -> Shape:
        match node.arg:
            case nodes.Const(value=int(number)):
                holder = self._visit(node.node, scope)
                return self.shapes.get(str(number), Shape()) if holder is self._names["node"] else holder.item
            case nodes.Const(value=name):
                return self._visit(node.node, scope).key(str(name))
        # A key that another value names, which its example has to be.
        self._visit(node.arg, scope).wanted.append("example")
        return self._visit(node.node, scope).key("example")

    def _visit_loop(self, node: nodes.For, scope: dict[str, Shape]) -> None:
        item = self._visit(node.iter, scope).item
        inner = scope | ({node.target.name: item} if isinstance(node.target, nodes.Name) else {})
        for child in (*node.body, *node.else_):
            self._visit(child, inner)

    def _filter(self, node: nodes.Filter, value: Shape, scope: dict[str, Shape]) -> Shape:
        for argument in node.args:
            self._visit(argument, scope)
        match node.name, node.args:
            case "jsonpath", [nodes.Const(value=str(path)), *_]:
                return value.find(path)
            case "fromjson", _:
                return value.from_json
            case "timestamp_to_iso8601" | "time_with_delta" | "int" | "float", _:
                value.wanted.append(1767600764)
            case "first" | "last", _:
                return value.item
            case "join", _:
                value.item  # noqa: B018  # a list is what is joined
            case "map", []:
                for option in node.kwargs:
                    if option.key == "attribute" and isinstance(option.value, nodes.Const):
                        return Shape(items=value.item.key(str(option.value.value)))
            case "map", [_]:
                return Shape(items=value.item)  # each of them changed, such as to lowercase
            case name, arguments if name in PASSING:
                self._choose(name, value, arguments)
                return value
        return Shape()

    def _choose(self, filter_name: str, value: Shape, arguments: list[nodes.Expr]) -> None:
        """Notes which items of a list are chosen, where that is told by what they are equal to."""
        match filter_name, arguments:
            case "select", [nodes.Const(value="equalto" | "eq" | "=="), nodes.Const(value=wanted)]:
                value.item.wanted.append(wanted)
            case "selectattr", [
                nodes.Const(value=str(name)),
                nodes.Const(value="equalto" | "eq" | "=="),
                nodes.Const(value=wanted),
            ]:
                value.item.key(name).wanted.append(wanted)

    def _call(self, node: nodes.Call, method: nodes.Getattr, scope: dict[str, Shape]) -> Shape:
        value = self._visit(method.node, scope)
        for argument in node.args:
            self._visit(argument, scope)
        match method.attr, node.args:
            case "get", [nodes.Const(value=name), *_]:
                return value.key(str(name))
            case "split", [nodes.Const(value=str(separator)), *_]:
                value.wanted.append(f"example{separator}example")
            case "items" | "values" | "keys", _:
                value.key("example")
        return Shape()

    def _visit_comparison(self, node: nodes.Compare, scope: dict[str, Shape]) -> None:
        left = self._visit(node.expr, scope)
        for operand in node.ops:
            self._visit(operand.expr, scope)
            match operand.expr:
                case nodes.Const(value=value) if value is not None and operand.op != "ne":
                    left.wanted.append(value + 1 if operand.op == "gt" and not isinstance(value, str) else value)
                case nodes.Call(node=nodes.Name(name="range"), args=[nodes.Const(value=least), *_]):
                    left.wanted.append(least)
