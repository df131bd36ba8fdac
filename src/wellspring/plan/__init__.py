"""What a run will take, before it runs: jobs, time, memory and disk, from the benchmark records of earlier runs."""
