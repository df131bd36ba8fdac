"""Print the jobs that are in a group after each planning and are not to be run. Arguments are Snakemake's."""

import sys
from functools import wraps

from snakemake.cli import main
from snakemake.dag import DAG

if __name__ == "__main__":
    check = DAG._check_groups

    @wraps(check)
    def check_groups(dag: DAG) -> None:
        """Check as Snakemake does, and print."""
        check(dag)
        jobs = {one for group in dag._group.values() for one in group.jobs}
        stale = sorted(f"{one.rule.name} {one.wildcards_dict}" for one in jobs if not dag.needrun(one))
        print(f"grouped: {len(jobs)}, not to be run: {stale}", flush=True)

    DAG._check_groups = check_groups
    main([*sys.argv[1:], "--dry-run"])
