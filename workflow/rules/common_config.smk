# The config of a run that names none. Snakemake does not say where in it a mistake is; this does.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(str(workflow.current_basedir)).parents[1] / "src"))

from wellspring.config.yaml_files import yaml_mistake

CONFIG_FILE = Path("config/config.yaml")
if CONFIG_FILE.is_file() and yaml_mistake(CONFIG_FILE):
    raise WorkflowError(yaml_mistake(CONFIG_FILE))


configfile: "config/config.yaml"
