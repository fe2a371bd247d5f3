"""Playbooks to try the runner with, and a module that does as it is told."""

from typing import Any

__all__ = ["ACTION_UUID", "MAIN", "MODULE_UUID", "condition", "playbook"]

MODULE_UUID = "00000000-0000-4000-8000-000000000001"
ACTION_UUID = "00000000-0000-4000-8000-000000000002"

# A module without the SDK, so that tests start fast: its one action does what its arguments say.
MAIN = """
import json, os, signal, sys, urllib.request

def patch(**body):
    request = urllib.request.Request(
        os.environ["URL_CALLBACK"],
        data=json.dumps(body).encode(),
        method="PATCH",
        headers={"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")

arguments = json.loads(os.environ["ARGUMENTS"])
configuration = json.loads(os.environ["MODULE_CONFIGURATION"])
secrets = patch(status="running", need_secrets=True)["module_configuration"]["value"]
match arguments.get("do"):
    case "exit":
        print("something broke\\n", flush=True)
        sys.exit(3)
    case "say nothing":
        sys.exit(0)
    case "hang":
        if (gate := os.path.join(os.environ["SUB_FOLDER"], "gate")) and os.path.exists(gate):
            with open(gate, "w") as file:
                file.write(str(os.getpid()))
        signal.pause()
    case "ignore SIGTERM":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
    case "choose":
        patch(status="finished", results={}, outputs=arguments["outputs"])
    case "report":
        patch(status="finished", results=arguments["results"])
    case "fail":
        patch(status="finished", error=arguments["error"], results={"imported": 1, "total": 4})
    case "wait":
        with open(os.path.join(os.environ["SUB_FOLDER"], "gate")) as gate:
            gate.read()
        patch(status="finished", results={"imported": 30, "total": 30, "task_ids": ["one", "two"]})
    case "warn":
        log = "2026-01-01 00:00:00.000000: {}: {}\\n"
        patch(status="finished", results={}, logs=log.format("warning", "look here") * 2 + log.format("info", "fine"))
    case "create":
        request = urllib.request.Request(
            configuration["base_url"] + "/v2/inthreat/ioc-collections",
            data=json.dumps({"name": arguments["name"]}).encode(),
            headers={"Authorization": "Bearer " + secrets["api_key"], "Content-Type": "application/json"},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            patch(status="finished", results={"collection_id": json.loads(answer.read())["id"]})
    case _:
        storage = os.environ["SUB_FOLDER"]
        patch(status="finished", results={
            "command": sys.argv[1], "arguments": arguments, "configuration": configuration,
            "secrets": sorted(secrets), "storage": storage, "files": sorted(os.listdir(storage)),
            "process": os.getpid(),
        })
"""


def playbook(*chain: dict[str, Any]) -> dict[str, Any]:
    """An export: a trigger, then a chain of nodes, by default our action with these arguments."""
    nodes: dict[str, Any] = {"0": {"name": "Start", "type": "trigger", "outputs": {"default": ["1"]}}}
    for number, arguments in enumerate(chain, 1):
        following = [str(number + 1)] if number < len(chain) else []
        nodes[str(number)] = {
            "name": f"Step {number}",
            "type": "action",
            "outputs": {"default": following},
            "module_uuid": MODULE_UUID,
            "action_uuid": ACTION_UUID,
            "arguments": arguments,
        }
    return {"name": "Test", "nodes": nodes}


def condition(*cases: tuple[str, str, str, str], **outputs: list[str]) -> dict[str, Any]:
    """A condition, with its cases and where their outputs lead."""
    names = ("name", "left", "comparison", "right")
    return {
        "name": "Check",
        "type": "operator",
        "subtype": "condition",
        "cases": [dict(zip(names, case, strict=True)) for case in cases],
        "outputs": outputs,
    }
