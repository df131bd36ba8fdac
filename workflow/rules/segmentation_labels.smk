# segmentation: the files of labels that other stages read; included by segmentation.smk


def nucleus_labels():
    """Labels of the nuclei, or of what cells grow from; [] where neither is segmented."""
    return "<results>/segmentation/{plate}/{well}.ome.tif" if has_objects(config) else []


def nucleus_tables():
    """What the nuclei of all wells are like; [] where neither nuclei nor cells are segmented."""
    return per_well("<results>/segmentation/sites/{plate}/{well}.parquet") if has_objects(config) else []


def cell_tables():
    """What is known of each cell of all wells; [] where no cells are segmented or given."""
    pattern = "<results>/segmentation/objects/{plate}/{well}.parquet"
    return per_well(pattern) if has_objects(config) and has_cells(config["segmentation"]) else []


def cell_labels():
    """Labels of the cells; of the nuclei where there are no cells; [] where there are neither."""
    if not has_objects(config):
        return []
    folder = "segmentation/cells" if has_cells(config["segmentation"]) else "segmentation"
    return f"<results>/{folder}/{{plate}}/{{well}}.ome.tif"


def border_labels():
    """Whose pixels at doubtful borders are by a second method; [] where no method sees any border."""
    return "<results>/segmentation/borders/{plate}/{well}.ome.tif" if cell_channels() else []


def object_labels():
    """Labels that cells are cut by: of the nuclei; of given cells where there are no nuclei."""
    is_of_cells = has_given_cells(config["segmentation"]) and not has_nuclei(config["segmentation"])
    return cell_labels() if is_of_cells else "<results>/segmentation/{plate}/{well}.ome.tif"
