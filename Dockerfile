FROM condaforge/miniforge3:latest
LABEL io.github.snakemake.containerized="true"
LABEL io.github.snakemake.conda_env_hash="2e3783d543a7a0d4d4043a5dcf0ab52db5a7b015d9f4ea4a0627eb7915e6de89"
# Conda environment:
#   source: envs/imaging.yaml
#   prefix: /conda-envs/467785680fa55bb775a5264a97f9f29e
#   # CPU stages: raw, segmentation, spots, cells, dataset. The pins are those of requirements.lock; a test holds them together.
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python=3.11
#     - pip
#     - pip:
#         - numpy==2.4.6
#         - scipy==1.17.1
#         - pandas==3.1.1
#         - pyarrow==26.0.1
#         - scikit-image==0.26.0
#         - opencv-python-headless==5.0.0.93
#         - tifffile==2026.3.3
#         - imagecodecs==2026.3.6
#         - zarr==3.1.6
#         - scikit-learn==1.9.1
#         - h5py==3.14.0
#         - umap-learn==0.5.12
#         - pydantic==2.14.3
RUN mkdir -p /conda-envs/467785680fa55bb775a5264a97f9f29e
COPY envs/imaging.yaml /conda-envs/467785680fa55bb775a5264a97f9f29e/environment.yaml
# Conda environment:
#   source: envs/learning-gpu.yaml
#   prefix: /conda-envs/3d5f8b14017b844c5eebfb8e2f49f314
#   # Training and attribution on NVIDIA GPUs: the same pins, with the CUDA libraries. The pins are those of requirements.lock; a test holds them together.
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python=3.11
#     - pip
#     - pip:
#         - numpy==2.4.6
#         - scipy==1.17.1
#         - pandas==3.1.1
#         - pyarrow==26.0.1
#         - imagecodecs==2026.3.6
#         - zarr==3.1.6
#         - scikit-learn==1.9.1
#         - scikit-image==0.26.0
#         - opencv-python-headless==5.0.0.93
#         - tifffile==2026.3.3
#         - tensorflow[and-cuda]==2.21.0
#         - keras==3.15.1
#         - pydantic==2.14.3
RUN mkdir -p /conda-envs/3d5f8b14017b844c5eebfb8e2f49f314
COPY envs/learning-gpu.yaml /conda-envs/3d5f8b14017b844c5eebfb8e2f49f314/environment.yaml
# Conda environment:
#   source: envs/report.yaml
#   prefix: /conda-envs/7adc6a62422eaa50cfd03159de1f81f9
#   # Figures, tables and the report, with what reads the images that it draws. The pins are those of requirements.lock; a test holds them together.
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python=3.11
#     - pip
#     - pip:
#         - numpy==2.4.6
#         - scipy==1.17.1
#         - pandas==3.1.1
#         - pyarrow==26.0.1
#         - matplotlib==3.11.2
#         - jinja2==3.1.6
#         - pyyaml==6.0.3
#         - scikit-image==0.26.0
#         - tifffile==2026.3.3
#         - imagecodecs==2026.3.6
#         - zarr==3.1.6
#         - opencv-python-headless==5.0.0.93
#         - h5py==3.14.0
#         - scikit-learn==1.9.1
#         - umap-learn==0.5.12
#         - pydantic==2.14.3
RUN mkdir -p /conda-envs/7adc6a62422eaa50cfd03159de1f81f9
COPY envs/report.yaml /conda-envs/7adc6a62422eaa50cfd03159de1f81f9/environment.yaml

RUN conda env create --prefix /conda-envs/467785680fa55bb775a5264a97f9f29e --file /conda-envs/467785680fa55bb775a5264a97f9f29e/environment.yaml && \
    conda env create --prefix /conda-envs/3d5f8b14017b844c5eebfb8e2f49f314 --file /conda-envs/3d5f8b14017b844c5eebfb8e2f49f314/environment.yaml && \
    conda env create --prefix /conda-envs/7adc6a62422eaa50cfd03159de1f81f9 --file /conda-envs/7adc6a62422eaa50cfd03159de1f81f9/environment.yaml && \
    conda clean --all -y
