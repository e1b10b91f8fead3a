"""The commands: stages in their order, run lock, exit codes and summary. Start them with make (`make help`).

__main__.py          python -m pipeline <command>
command.py           runs the stages of one command: settings, run lock, sandbox, exit code
exit_codes.py        the exit codes, and the exit code of an error
stages.py            extract, push, plan, reconcile, report, compact, doctor
transform.py         the stage that runs dbt
docs_site.py         the stage that has dbt write its site
summary.py           the tables that a run ends with
sandbox_process.py   the stand-ins of TARGET=sandbox
console.py           lines and tables for people
logs.py              log lines on stderr and in a file, without secrets
alerts.py            tells ALERT_URLS how a run ended
plan_json.py         a plan for programs
last_run.py          when a run last went well
reading.py           the warehouse for commands that only read
"""
