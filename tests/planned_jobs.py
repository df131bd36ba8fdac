"""Print the jobs that a dry run plans, a JSON object a line: rule, wildcards, resources. Arguments are Snakemake's."""

import json
import logging
import sys

from snakemake.cli import main
from snakemake.logging import LogEvent, logger


class PlannedJobs(logging.Filter):
    """Lets every record pass and prints those that tell of a job; Snakemake would remove a handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Print the record if it tells of a job."""
        if getattr(record, "event", None) is LogEvent.JOB_INFO:
            resources = {name: value for name, value in record.resources.items() if not name.startswith("_")}
            job = {"rule": record.rule_name, "wildcards": dict(record.wildcards or {}), "threads": record.threads}
            print(json.dumps({**job, **resources}), flush=True)
        return True


if __name__ == "__main__":
    logger.addFilter(PlannedJobs())
    main([*sys.argv[1:], "--dry-run"])
