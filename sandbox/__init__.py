"""A Sekoia on your laptop: IOC collections over REST, LiveAPI, the playbook callback, and a runner for playbooks."""

from sandbox.sekoia.faults import Faults, RestFault
from sandbox.server import Sandbox

__all__ = ["Faults", "RestFault", "Sandbox"]
