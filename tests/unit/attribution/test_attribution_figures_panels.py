"""Image, score map and overlay: what is drawn where, in which colour."""

from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from wellspring.attribution.report.panels import panels_figure

OUTSIDE = to_rgba("#E4E4E4")


def _images(figure):
    return [axes.images[0].get_array() for axes in figure.axes if axes.images]


def test_three_rows_and_a_column_per_channel(maps, texts):
    figure = panels_figure(maps, channels=["SON", "DAPI"])
    assert len(_images(figure)) == 6
    shown = texts(figure)
    assert {"SON\n50.0 %", "DAPI\n20.0 %", "image", "score", "overlay"} <= set(shown)
    assert "low level: plate p1, well B02, cell 1\ntrue 3.25, predicted 4.50" in shown
    assert "score (intensity units)" in shown


def test_the_cell_is_cut_out_square_with_a_margin(maps):
    # Rows 2-3 and columns 1-3 are measured: side 3 + 2 * 2 = 7, but the image has 6.
    assert all(image.shape == (6, 6, 4) for image in _images(panels_figure(maps, channels=["SON"])))


def test_a_cell_in_a_larger_image_is_cut_to_its_box(maps):
    padded = {
        name: np.pad(getattr(maps, name), [(0, 0)] * (getattr(maps, name).ndim - 2) + [(10, 10)] * 2)
        for name in ("image", "mask", "score", "attribution")
    }
    image = _images(panels_figure(replace(maps, **padded), channels=["SON"]))[0]
    assert image.shape == (7, 7, 4)
    measured = np.argwhere((image != OUTSIDE).any(axis=-1))
    assert measured.min(axis=0).tolist() == [3, 2]
    assert measured.max(axis=0).tolist() == [4, 4]


def test_outside_the_mask_is_grey_in_every_row(maps):
    for image in _images(panels_figure(maps, channels=["SON"])):
        assert image[0, 0].tolist() == pytest.approx(OUTSIDE)


def test_images_run_from_black_to_white(maps):
    image = _images(panels_figure(maps, channels=["SON"]))[0]
    assert image[2, 1].tolist() == pytest.approx([0, 0, 0, 1])
    assert image[3, 3].tolist() == pytest.approx([1, 1, 1, 1])


def test_score_maps_of_a_cell_share_one_scale(maps):
    figure = panels_figure(maps, channels=["SON", "DAPI"])
    son, dapi = _images(figure)[2:4]
    # Of the 12 shown scores, ten are 0 and two are 5 and 2: the 99.5th percentile lies at 11 * 0.995 = 10.945.
    upper = 2 + 0.945 * 3
    colors = matplotlib.colormaps["inferno"]
    assert son[2, 1].tolist() == pytest.approx(list(colors(1.0)))
    assert dapi[2, 1].tolist() == pytest.approx(list(colors(2 / upper)))
    bar = next(axes for axes in figure.axes if not axes.images and axes.get_ylabel() == "score (intensity units)")
    assert bar.get_ylim()[1] == pytest.approx(upper, rel=0.2)


def test_overlay_is_the_image_without_score_and_the_score_where_it_is_highest(maps):
    image, score, overlay = _images(panels_figure(maps, channels=["SON"]))
    assert overlay[3, 3].tolist() == pytest.approx(image[3, 3].tolist())
    assert overlay[2, 1].tolist() == pytest.approx(score[2, 1].tolist())


def test_a_cell_without_score_says_so(maps, texts):
    nothing = replace(maps, score=np.zeros_like(maps.score))
    assert "SON\nno score" in texts(panels_figure(nothing, channels=["SON"]))


def test_a_cell_without_pixels_is_all_grey(maps):
    nothing = replace(maps, mask=np.zeros_like(maps.mask))
    for image in _images(panels_figure(nothing, channels=["SON"])):
        assert (image == np.asarray(OUTSIDE)).all()


@pytest.mark.parametrize("channels", [[], ["SON", "EU"]])
def test_unknown_or_no_channels_are_an_error(maps, channels):
    with pytest.raises(ValueError, match="expected channels among"):
        panels_figure(maps, channels=channels)
