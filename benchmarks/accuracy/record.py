"""What is known: kept in a file after each training, so that a sweep that was stopped goes on where it was."""

import json


class Record:
    """`networks[set][network]` is (parameters, multiply-adds), `pairs[set][variant][measure]` the plain network that costs
    the same, `accuracies[set, network][seed]` a test accuracy."""

    def __init__(self, path, settings):
        self.path, self.settings = path, settings
        self.networks, self.pairs, self.accuracies = {}, {}, {}

    def read(self):
        """Take what the file has, unless it is of other settings."""
        kept = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        if kept.get("settings") == self.settings:
            self.networks, self.pairs = kept["networks"], kept["pairs"]
            for name, network, seed, accuracy in kept["rows"]:
                self.accuracies.setdefault((name, network), {})[seed] = accuracy
        return self

    def describe(self, name, networks, pairs):
        """Costs and pairs of a set as they are now; what was trained at another cost is forgotten."""
        before = self.networks.get(name, {})
        networks = {network: list(cost) for network, cost in networks.items()}
        for network in [network for known, network in self.accuracies if known == name]:
            if before.get(network) != networks.get(network):
                del self.accuracies[name, network]
        self.networks[name], self.pairs[name] = networks, pairs

    def missing(self, name, network, seeds):
        return [seed for seed in seeds if seed not in self.accuracies.get((name, network), {})]

    def is_complete(self, seeds):
        return bool(self.networks) and not any(
            self.missing(name, network, seeds) for name, networks in self.networks.items() for network in networks
        )

    def add(self, name, network, seed, accuracy):
        self.accuracies.setdefault((name, network), {})[seed] = accuracy
        self.write()

    def write(self):
        rows = [
            [*key, seed, value] for key, own in sorted(self.accuracies.items()) for seed, value in sorted(own.items())
        ]
        parts = {"settings": self.settings, "networks": self.networks, "pairs": self.pairs}
        lines = ",\n".join(json.dumps(row) for row in rows)
        text = json.dumps(parts, indent=1)[:-2] + f',\n "rows": [\n{lines}\n ]\n}}\n'
        part = self.path.with_suffix(".part")  # a process that is ended while it writes leaves the old file
        part.write_text(text, encoding="utf-8")
        part.replace(self.path)

    def differences(self, name, variant, measure):
        """Accuracy of the variant less that of the plain network, in points, of the seeds that both have."""
        own = self.accuracies.get((name, variant), {})
        other = self.accuracies.get((name, self.pairs[name][variant][measure]), {})
        return [100 * (own[seed] - other[seed]) for seed in sorted(own.keys() & other.keys())]
