"""`tfdynconv models`: the rows asked for, as a table and as JSON, and one line where there are none."""

import json

from tfdynconv.models import catalogue, table


def test_table(command):
    code, out, err = command("models", "--only", "mobilenetv2 0.5, odconv n=1")
    row = table.row(catalogue.NETWORKS["MobileNetV2 0.5, ODConv n=1"]).markdown()
    assert (code, err) == (0, "") and out == f"{table.markdown([])}\n{row}\n\n{table.notes()}\n"


def test_json(command, monkeypatch):
    def row(network):
        return table.Row(network.name, 11, network.parameters, 22, network.multiply_adds, network.source)

    monkeypatch.setattr(table, "row", row)
    code, out, _ = command("models", "--json")
    told = json.loads(out)
    assert code == 0 and [row["network"] for row in told["networks"]] == list(catalogue.NETWORKS)
    assert told["networks"][1]["parameters"] == 11 and told["networks"][1]["published_multiply_adds"] == "300.8M"
    assert told["networks"][1]["difference_of_multiply_adds"] == 22 / 300.8e6 - 1
    assert any("MnasNet" in text for text in told["left_out"])


def test_no_network(command):
    code, out, err = command("models", "--only", "VGG")
    assert (code, out) == (1, "") and "no network's name contains 'VGG'" in err and err.count("\n") == 1
