"""Everything that the documentation names exists, and the SDK generates a correct page for the module."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from sekoia_automation.scripts.documentation.generate import DocumentationGenerator

from sandbox.playbooks.playbook import Playbook
from tests.conftest import ROOT

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "actions.md").read_text()
ACTIONS = [json.loads(path.read_text()) for path in sorted(ROOT.glob("action_*.json"))]


def headings(page: Path) -> set[str]:
    """The anchors of the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_ends_with_its_last_line(page: Path) -> None:
    """With one newline behind it, as .editorconfig has it."""
    text = page.read_text()
    assert text == text.rstrip() + "\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link leads to a file of the project or to a heading of a page."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in target:
            name, _, heading = target.partition("#")
            file = page.parent / name if name else page
            assert file.exists(), f"{page.name} links {target}, and there is no such file."
            assert not heading or heading in headings(file), f"{page.name} links {target}, which has no such heading."


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action["docker_parameters"]))
def test_each_action_is_documented(action: dict[str, str]) -> None:
    """Each action has a row in the README that links the playbooks that use it, and a section that names its arguments."""
    name = action["name"]
    rows = re.findall(rf"^\| \[{name}\]\(docs/actions\.md#.*$", README, re.MULTILINE)
    assert (
        len(rows) == 1
    ), f"README.md has {len(rows)} rows “| [{name}](docs/actions.md#…) |” in its table of actions: there must be one."
    assert (
        f"## {name}\n" in REFERENCE
    ), f"docs/actions.md has no section “## {name}”: add one that names each argument."
    using = {
        path.name
        for path in ROOT.glob("playbooks/*.json")
        if not path.name.endswith(".trigger.json")
        and any(node.action_uuid == action["uuid"] for node in Playbook.load(path).nodes.values())
    }
    linked = set(re.findall(r"playbooks/(\w+\.json)", rows[0]))
    assert linked == using, (
        f"The row “{name}” of README.md links {_listed(linked)}, and of playbooks/ the action is used by {_listed(using)}: link "
        "these and no others."
    )
    section = re.split(r"^## ", REFERENCE.split(f"## {action['name']}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    shared = {
        "description",
        "valid_from",
        "valid_until",
        "valid_for",
        "validity_by_type",
        "kill_chain_phases",
        "related_threat_refs",
        "wait",
    }
    arguments = set(json.loads(json.dumps(action["arguments"]))["properties"])
    named = set(re.findall(r"`(\w+)`", section))
    unnamed = sorted(arguments - shared - named)
    assert not unnamed, f"The section “{name}” of docs/actions.md does not name {', '.join(unnamed)}."
    assert "context" in section.lower() or not arguments & shared - {
        "description"
    }, f"The section “{name}” of docs/actions.md does not say that the action takes a context: link #context."


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def test_an_action_takes_these_files() -> None:
    """The list of files that an action takes is complete, and the action is in each of them."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    listed = re.findall(r"^\| `([^`]+)` \|", text.split("## Add an action", 1)[1].split("\n## ", 1)[0], re.MULTILINE)
    names = ("Find IOC collection", "FindIOCCollection", "find_ioc_collection")
    paths = [*ROOT.glob("*.json"), *(ROOT / "sekoia_cti").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    ours = {path.relative_to(ROOT).as_posix() for path in paths if "find_ioc_collection" in path.name}
    unlisted = ", ".join(sorted(ours - set(listed)))
    assert not unlisted, f"“Add an action” of docs/architecture.md does not list {unlisted}."
    for file in listed:
        found = any(name in (ROOT / file).read_text() for name in names)
        assert found, f"“Add an action” of docs/architecture.md lists {file}, which does not name its example."


def test_citations_of_the_contract_resolve() -> None:
    """What the code cites of `docs/contract.md` is a heading, a bold term or a call of that page."""
    page = (ROOT / "docs" / "contract.md").read_text()
    anchors = re.findall(r"^#+ (.+)$|\*\*([^*\n]+)\*\*|`([^`\n]+)`", page, re.MULTILINE)
    cited = [
        (path.relative_to(ROOT).as_posix(), term.strip('"`'))
        for folder in ("sekoia_cti", "sandbox")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for terms in re.findall(r"(?:\(|# )contract, ([^):\n]+)", path.read_text())
        for term in terms.split(", ")
    ]
    assert cited
    unknown = [
        (file, term) for file, term in cited if not any(term in anchor for found in anchors for anchor in found)
    ]
    assert not unknown, f"docs/contract.md has no heading, bold term or call of these names: {unknown}"


def test_the_sdk_makes_a_page(tmp_path: Path) -> None:
    """`sekoia-automation generate-documentation` lists every action, argument and result, and how to create the
    key."""
    modules, documentation = tmp_path / "modules", tmp_path / "documentation"
    module = modules / "SekoiaCTI"
    module.mkdir(parents=True)
    for path in [*ROOT.glob("*.json"), ROOT / "logo.svg", ROOT / "CONFIGURE.md"]:
        shutil.copy(path, module)
    for folder in ("_shared_content/automate/library", "docs/assets/playbooks/library"):
        (documentation / folder).mkdir(parents=True)
    (documentation / "mkdocs.yml").write_text("nav: []\n")
    DocumentationGenerator(modules, documentation, "SekoiaCTI").generate()
    page = (documentation / "_shared_content" / "automate" / "library" / "sekoia-cti.md").read_text()
    assert (documentation / "docs" / "assets" / "playbooks" / "library" / "sekoia-cti.svg").is_file()
    assert page.count("## Set up") == 1
    assert "View IOC collections" in page.split("## Set up")[1]
    for action in ACTIONS:
        section = page.split(f"### {action['name']}\n", 1)[1].split("\n### ", 1)[0]
        for key in ("arguments", "results"):
            for name in action[key]["properties"]:
                (row,) = re.findall(
                    rf"^\| `{name}` \|.*$", section.split("**Outputs**")[key == "results"], re.MULTILINE
                )
                assert row.count("|") == 4, "a bar within a cell would break the table"
