"""The commands: stages in their order, run lock, exit codes and summary. Start them with make (`make help`).

__main__.py          python -m pipeline <command>
command.py           runs the stages of one command: settings, run lock, sandbox, exit code
exit_codes.py        the exit codes, and the exit code of an error
stages.py            extract, push, plan, reconcile, report, compact, doctor
transform.py         the stage that runs dbt
summary.py           the tables that a run ends with
sandbox_process.py   the stand-ins of TARGET=sandbox
console.py           lines and tables for people
reading.py           the warehouse for commands that only read
"""
