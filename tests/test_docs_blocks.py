"""Every block of README.md, CONTRIBUTING.md and docs/ does what it says, as far as it can without accounts.

A block is judged by its language, a shell block command by command:

- `sh`, `make <target>`: make finds the target, and every setting given exists. It is not executed: a target takes
  minutes, and `tests/pipeline` and `tests/test_end_to_end.py` run what stands behind it.
- `sh`, `python -m pytest ...`: the tests are collected. `python -m tests.property.mutations ...`: it finds a bug.
- `sh`, any other command, and `python`: executed.
- `yaml`, `ini`, `cron`: read as GitHub, systemd and cron read them; the commands of the pipeline in them exist.

Blocks that read the demo's warehouse (`sql` too) are executed in `tests/test_end_to_end.py`, which has one. A block
that cannot be run has a comment `<!-- not run: the reason -->` above it, and `NOT_RUN` lists it. Its commands of the
pipeline exist all the same, and Python in it compiles.
"""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.__main__ import app
from settings import Settings
from tests.property.mutations import MUTATIONS
from tests.support import docs

LANGUAGES = {"sh", "sql", "python", "yaml", "ini", "cron"}

NOT_RUN = [
    ("README.md", "the lines of a .env file, with the values of your accounts"),
    ("docs/engines.md", "needs a folder that all workers see, and Hive's catalog, which keeps tables"),
    ("docs/engines.md", "in the database of your choice, with a password of yours"),
    ("docs/operations.md", "changes the machine, and needs its administrator"),
    ("docs/operations.md", "Airflow is not installed here; a test compiles it and looks up the command"),
    ("docs/operations.md", "Dagster is not installed here; a test compiles it and looks up the command"),
    ("docs/operations.md", "needs a Docker engine"),
    ("docs/production.md", "the lines of a .env file, with the values of your accounts"),
    ("docs/production.md", "a line of a .env file, with the values of your accounts"),
]

COMMANDS = [
    (block, line)
    for block in docs.blocks("sh")
    if not block.reason and not block.reads_the_warehouse
    for line in block.text.splitlines()
    if line.strip() and not line.startswith("#")
]
# What a target reads, as a variable of make or as its help says.
MAKEFILE = (docs.ROOT / "Makefile").read_text()
MAKE_VARIABLES = set(re.findall(r"\$\(([A-Z_]+)\)", MAKEFILE)) | set(re.findall(r"\b([A-Z_]+)=", MAKEFILE))
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))

PIPELINE = re.compile(r"-m[\"', ]+pipeline[\"', ]+(\w+)")
STAGES = {command.name for command in app.registered_commands}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return docs.checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def tests(folder: Path) -> list[str]:
    """The files that hold tests, as pytest names them when it collects all: the file and how many."""
    done = run(".venv/bin/python -m pytest --collect-only -q -p no:cacheprovider tests", folder)
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euc", command], cwd=folder, text=True, capture_output=True, timeout=120, check=False
    )


def of(page: str, language: str) -> list[docs.Block]:
    return [block for block in docs.blocks(language) if block.page == page]


# ---------- all blocks


def test_blocks_that_are_not_run_are_listed_with_their_reason() -> None:
    assert [(block.page, block.reason) for block in docs.blocks() if block.reason] == NOT_RUN


def test_every_language_is_judged() -> None:
    assert {block.language for block in docs.blocks()} <= LANGUAGES


def test_no_block_is_without_a_language_it_needs() -> None:
    """A block without a language is a drawing or a quotation; a command in it would escape these tests."""
    bare = [
        match["text"]
        for page in docs.pages()
        for match in docs.FENCE.finditer(page.read_text())
        if not match["language"]
    ]
    assert not [text for text in bare if re.search(r"^\s*(?:make|select|\S*python) ", text, re.MULTILINE)]


def test_the_commands_of_the_pipeline_exist() -> None:
    named = [(block, name) for block in docs.blocks() for name in PIPELINE.findall(block.text)]
    assert len(named) > 5
    assert [(str(block), name) for block, name in named if name not in STAGES] == []


# ---------- sh


@pytest.mark.parametrize(("block", "line"), COMMANDS, ids=lambda value: str(value)[:50])
def test_a_command_runs(block: docs.Block, line: str, folder: Path, tests: list[str]) -> None:
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        given = {word.partition("=")[0] for word in words[1:] if "=" in word}
        assert given <= MAKE_VARIABLES | {field.upper() for field in Settings.model_fields}, block
        done = run(shlex.join(["make", "-n", *words[1:]]), folder)
        assert done.stdout, block
    elif "pytest" in words and "-k" not in words:
        named = words[words.index("pytest") + 1 :]
        assert [name for name in named if not any(file.startswith((f"{name}:", f"{name}/")) for file in tests)] == []
        return
    elif "pytest" in words:
        done = run(f"{line.partition('#')[0]} --collect-only -q -p no:cacheprovider", folder)
    elif words[1:3] == ["-m", "tests.property.mutations"]:
        assert any(words[3] in mutation.name for mutation in MUTATIONS), block
        return
    else:
        done = run(line, folder)
    assert done.returncode == 0, f"{block}: {line}\n{done.stderr}"


def test_the_env_files_name_settings() -> None:
    blocks = [block for block in docs.blocks("sh") if ".env file" in block.reason]
    assert len(blocks) > 2
    for block in blocks:
        names = re.findall(r"^(\w+)=", block.text, re.MULTILINE)
        assert names and {name.lower() for name in names} <= Settings.model_fields.keys(), block


def test_the_certificate_of_the_guide_signs_and_is_watched(tmp_path: Path) -> None:
    """The key file that docs/production.md makes: the loader reads the key, doctor the certificate's end."""
    from netsuite.auth import certificate_expiry, load_private_key

    (block,) = (block for block in of("docs/production.md", "sh") if "openssl" in block.text)
    done = run(block.text, tmp_path)
    assert done.returncode == 0, done.stderr
    assert load_private_key(tmp_path / "netsuite.pem")[1] == "PS256"
    assert certificate_expiry(tmp_path / "netsuite.pem") is not None
    assert "PRIVATE KEY" not in (tmp_path / "netsuite-certificate.pem").read_text(), "this one is uploaded"
    assert (tmp_path / "netsuite.pem").stat().st_mode & 0o077 == 0


def test_every_make_target_that_a_page_names_exists() -> None:
    interfaces = (docs.ROOT / "docs" / "interfaces.md").read_text()
    planned = set(re.findall(r"^\| `make ([a-z]+)[^|]*\*\(planned\)\*", interfaces, re.MULTILINE))
    named = {name for page in docs.pages() for name in re.findall(r"`make ([a-z]+)", page.read_text())}
    assert len(named) > 10
    assert named <= TARGETS | planned


# ---------- python


@pytest.mark.parametrize("block", docs.blocks("python"), ids=str)
def test_python_compiles(block: docs.Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", of("docs/operations.md", "python"), ids=str)
def test_a_job_of_an_orchestrator_judges_the_exit_code(block: docs.Block) -> None:
    """1 is tried again; 2, 3 and 4 are not."""
    tree = ast.parse(block.text)
    (call,) = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and "subprocess.run" in ast.unparse(node))
    assert ast.literal_eval(call.args[0]) == [".venv/bin/python", "-B", "-m", "pipeline", "run"]
    text = ast.unparse(tree)
    assert "allow_retries=code == 1" in text or ("code == 4" in text and "code in (2, 3)" in text)


# ---------- yaml, ini, cron


def is_schedule(text: str) -> bool:
    """Whether these are five fields as cron has them: numbers, ranges, steps, lists, stars."""
    field = r"(?:\*|\d{1,2}(?:-\d{1,2})?(?:,\d{1,2}(?:-\d{1,2})?)*)(?:/\d{1,2})?"
    return re.fullmatch(rf"{field}(?: {field}){{4}}", text) is not None


def test_the_workflow_is_one_that_github_takes() -> None:
    (block,) = of("docs/operations.md", "yaml")
    workflow = yaml.safe_load(block.text)
    on = workflow[True]  # YAML 1.1 reads the key `on` as true
    assert all(is_schedule(entry["cron"]) for entry in on["schedule"])
    assert workflow["concurrency"]["cancel-in-progress"] is False
    (job,) = workflow["jobs"].values()
    assert "self-hosted" in job["runs-on"], "the warehouse has to stay"
    assert {name.lower() for name in job["env"]} <= Settings.model_fields.keys()
    for step in job["steps"]:
        assert step.keys() <= {"uses", "with", "run"}
        words = step.get("run", "make help").split()
        assert words[1] in TARGETS if words[0] == "make" else words[:4] == [".venv/bin/python", "-B", "-m", "pipeline"]


def test_the_units_are_ones_that_systemd_takes(folder: Path) -> None:
    service, timer = of("docs/operations.md", "ini")
    units = {}
    for block, name in ((service, "service"), (timer, "timer")):
        assert f"/stripe-credit.{name}`" in (docs.ROOT / block.page).read_text()
        units[name] = configparser.ConfigParser(interpolation=None)
        units[name].optionxform = str
        units[name].read_string(block.text)
    assert units["service"]["Service"]["ExecStart"].startswith("/srv/stripe-credit/.venv/bin/python ")
    assert units["service"]["Service"]["SuccessExitStatus"] == "4"
    assert units["timer"]["Install"]["WantedBy"] == "timers.target"
    if shutil.which("systemd-analyze"):  # where there is one, it knows better
        for block, name in ((service, "service"), (timer, "timer")):
            (folder / f"stripe-credit.{name}").write_text(block.text.replace("/srv/stripe-credit", str(folder)))
        done = run("systemd-analyze verify --recursive-errors=no stripe-credit.service stripe-credit.timer", folder)
        assert "stripe-credit" not in done.stderr, done.stderr


def test_the_crontab_mails_failures_only(folder: Path) -> None:
    """Each line is run by cron's shell with another command of Python's in its place that ends with a code."""
    (block,) = of("docs/operations.md", "cron")
    assignment, *lines = block.text.splitlines()
    assert assignment.startswith("MAILTO=") and len(lines) == 3
    for line in lines:
        schedule, command = " ".join(line.split()[:5]), line.split(maxsplit=5)[5]
        assert is_schedule(schedule) and "%" not in command, "cron ends a command at %"
        (folder / "logs").mkdir(exist_ok=True)
        for code, is_mailed in ((0, False), (1, True), (2, True), (3, True), (4, "pipeline run" not in line)):
            ends = command.replace("/srv/stripe-credit", str(folder))
            ends = re.sub(r"-m pipeline \w+", f"-c 'print(\"said\"); raise SystemExit({code})'", ends)
            done = subprocess.run(["sh", "-c", ends], text=True, capture_output=True, check=False)
            assert ("said" in done.stdout) is is_mailed, (line, code)


# ---------- Dockerfile


def instructions() -> list[tuple[str, list[str]]]:
    text = (docs.ROOT / "Dockerfile").read_text()
    return [(line.split()[0], line.split()[1:]) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_is_built_from_what_is_here() -> None:
    """No Docker engine is asked: base images by name, sources that exist, commands that make and coreutils have."""
    stages = set()
    for name, words in instructions():
        if name == "FROM":
            assert re.fullmatch(r"python:3\.\d+(-slim)?", words[0]), "an official image, by name, without a host"
            stages |= {words[2]} if words[1:2] == ["AS"] else set()
        elif name == "COPY":
            sources = [word for word in words[:-1] if not word.startswith("--")]
            origin = next((word.partition("=")[2] for word in words if word.startswith("--from=")), None)
            assert origin in stages or (origin is None and all((docs.ROOT / source).exists() for source in sources))
        elif name == "RUN":
            for command in " ".join(words).split(" && "):
                first, *rest = command.split()
                assert first in ("mkdir", "chown") or (first == "make" and set(rest) <= TARGETS), command
    (entry,) = (yaml.safe_load(" ".join(words)) for name, words in instructions() if name == "ENTRYPOINT")
    (command,) = (yaml.safe_load(" ".join(words)) for name, words in instructions() if name == "CMD")
    assert entry == [".venv/bin/python", "-B", "-m", "pipeline"] and command[0] in STAGES


def test_reports_of_a_container_outlive_it() -> None:
    """They lie in a folder that every command of the page mounts."""
    variables = dict(word.partition("=")[::2] for name, words in instructions() if name == "ENV" for word in words)
    folder = variables["REPORT_DIR"].partition("/")[0]
    (block,) = (block for block in of("docs/operations.md", "sh") if "docker run" in block.text)
    commands = [line for line in block.text.splitlines() if line.startswith("docker run")]
    assert commands and all(f':/srv/stripe-credit/{folder}"' in line for line in commands)


def test_the_environment_of_the_image_needs_no_other_files(tmp_path: Path) -> None:
    """What is copied before `make setup` is all that it asks for, so that a change of code does not set up anew."""
    (copied,) = (words[:-1] for name, words in instructions() if name == "COPY" and "Makefile" in words)
    for source in copied:
        shutil.copy(docs.ROOT / source, tmp_path)
    done = run("make -n setup", tmp_path)
    assert done.returncode == 0 and "requirements.lock" in done.stdout, done.stderr


def test_no_secret_and_no_data_gets_into_the_image() -> None:
    ignored = {line.strip("*/") for line in (docs.ROOT / ".dockerignore").read_text().splitlines() if line[:1] != "#"}
    left_out_of_git = {line.strip("*/") for line in (docs.ROOT / ".gitignore").read_text().splitlines()}
    assert left_out_of_git - {".env"} <= ignored
    assert {".env", ".pem", ".key", "mappings", ".git"} <= ignored
