"""A run as it is now, made of what its runner reported so far: what its page shows."""

from dataclasses import dataclass, field

from sandbox.playbooks.playbook import JSONObject

__all__ = ["NodePicture", "Picture", "Visit", "picture_of"]

_LOOKED_AT = ("running", "failed")
# What the runner says of a trigger, if it said anything.
_NOTHING: JSONObject = {
    "status": "succeeded",
    "seconds": 0.0,
    "arguments": {},
    "error": None,
    "logs": "",
    "cases": [],
    "taken": {},
    "warnings": [],
    "undefined": [],
    "loop": [],
    "stub": False,
}


@dataclass(slots=True)
class Visit:
    """One time that a node ran: once in a playbook, or once for each item of a loop."""

    started: JSONObject
    outcome: JSONObject | None = None
    progress: tuple[int, int] | None = None


@dataclass(slots=True)
class NodePicture:
    """A node and what became of it so far."""

    node: JSONObject
    visits: list[Visit] = field(default_factory=list)
    not_run: JSONObject | None = None

    @property
    def state(self) -> str:
        """In a word, as people read it."""
        if not self.visits:
            return "not run" if self.not_run is not None else "waiting"
        if self.visits[-1].outcome is None:
            return "running"
        states = [visit.outcome["status"] for visit in self.visits if visit.outcome]
        return next((state for state in ("failed", "handled") if state in states), "succeeded")


@dataclass(slots=True)
class Picture:
    """A run as it is now."""

    nodes: dict[str, NodePicture] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    finished: JSONObject | None = None

    @property
    def taken(self) -> set[tuple[str, str]]:
        """The ways that were taken, from node to node, those into the bodies of loops among them."""
        taken = {
            (key, target)
            for key, each in self.nodes.items()
            for visit in each.visits
            if visit.outcome is not None
            for targets in visit.outcome["taken"].values()
            for target in targets
        }
        loops = {(key, target) for key, each in self.nodes.items() for target in each.node["outputs"].get("loop", [])}
        return taken | {(key, target) for key, target in loops if self.nodes[target].visits}

    @property
    def current(self) -> str | None:
        """The node to look at: the one that runs, that failed, or that ran last."""
        by_state = {state: [key for key, each in self.nodes.items() if each.state == state] for state in _LOOKED_AT}
        ran = [key for key, each in self.nodes.items() if each.visits]
        return next((keys[-1] for keys in by_state.values() if keys), ran[-1] if ran else next(iter(self.nodes), None))


def picture_of(events: list[JSONObject]) -> Picture:
    """What the events of a run say, taken together."""
    picture = Picture()
    for event in events:
        match event["type"]:
            case "run-started":
                picture.nodes = {node["key"]: NodePicture(node) for node in event["nodes"]}
                picture.warnings = event["warnings"]
                trigger = picture.nodes[event["trigger"]]
                gave = {"results": event["event"], "taken": trigger.node["outputs"]}
                trigger.visits.append(Visit(_NOTHING, _NOTHING | gave))
            case "node-started":
                picture.nodes[event["key"]].visits.append(Visit(event))
            case "node-progressed":
                visits = picture.nodes[event["key"]].visits
                if visits:
                    visits[-1].progress = event["imported"], event["total"]
            case "node-finished":
                open_visits = [each for each in picture.nodes[event["key"]].visits if each.outcome is None]
                for visit in open_visits[-1:]:
                    visit.outcome = event
            case "run-finished":
                picture.finished = event
                for node in event["nodes"]:
                    if node["status"] == "not run":
                        picture.nodes[node["key"]].not_run = node
    return picture
