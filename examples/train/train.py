"""Trains a small neural network to tell two interleaved half-moons apart. Standard library only, about five seconds."""

import argparse
import json
import math
import os
import random
import time


def make_moons(count, noise, rng):
    """Points of two half-moons as (x, y, label)."""
    points = []
    for i in range(count):
        angle = rng.random() * math.pi
        label = i % 2
        x = math.cos(angle) if label == 0 else 1 - math.cos(angle)
        y = math.sin(angle) if label == 0 else 0.5 - math.sin(angle)
        points.append((x + rng.gauss(0, noise), y + rng.gauss(0, noise), label))
    return points


class Network:
    """Two inputs, one hidden layer of tanh units, one sigmoid output."""

    def __init__(self, hidden, rng):
        self.hidden = [[rng.gauss(0, 1), rng.gauss(0, 1), 0.0] for _ in range(hidden)]
        self.output = [rng.gauss(0, 1) / math.sqrt(hidden) for _ in range(hidden)]
        self.bias = 0.0

    def forward(self, x, y):
        """The activations of the hidden units and the probability of label 1."""
        units = [math.tanh(wx * x + wy * y + b) for wx, wy, b in self.hidden]
        score = self.bias + sum(w * unit for w, unit in zip(self.output, units))
        return units, 1 / (1 + math.exp(-max(-60.0, min(60.0, score))))

    def learn(self, x, y, label, rate):
        """One step of stochastic gradient descent on the cross entropy; gives the loss before the step."""
        units, p = self.forward(x, y)
        error = p - label
        for i, unit in enumerate(units):
            back = error * self.output[i] * (1 - unit * unit)
            self.output[i] -= rate * error * unit
            weights = self.hidden[i]
            weights[0] -= rate * back * x
            weights[1] -= rate * back * y
            weights[2] -= rate * back
        self.bias -= rate * error
        return -math.log(max(p if label else 1 - p, 1e-12))


def accuracy(network, points):
    """The share of points that the network puts on their own moon."""
    right = sum((network.forward(x, y)[1] > 0.5) == (label == 1) for x, y, label in points)
    return right / len(points)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100, help="how often to go through the data")
    parser.add_argument("--learning-rate", type=float, default=0.02, help="the size of a step")
    parser.add_argument("--hidden", type=int, default=24, help="units in the hidden layer")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same model")
    args = parser.parse_args()
    if args.epochs < 1:
        parser.error("--epochs must be at least 1")

    rng = random.Random(args.seed)
    training = make_moons(4000, 0.15, rng)
    validation = make_moons(1000, 0.15, rng)
    network = Network(args.hidden, rng)
    os.makedirs("outputs", exist_ok=True)
    os.makedirs("logs", exist_ok=True)

    print(f"training on {len(training)} points, validating on {len(validation)}, seed {args.seed}", flush=True)
    history = []
    started = time.perf_counter()
    with open("logs/progress.log", "w", encoding="utf-8") as progress:
        for epoch in range(1, args.epochs + 1):
            rng.shuffle(training)
            loss = sum(network.learn(x, y, label, args.learning_rate) for x, y, label in training) / len(training)
            score = accuracy(network, validation)
            history.append({"epoch": epoch, "loss": round(loss, 6), "accuracy": score})
            line = f"epoch {epoch:3d}/{args.epochs}  loss {loss:.4f}  accuracy {score:.3f}"
            print(line, flush=True)
            print(line, file=progress, flush=True)

    final = {"loss": history[-1]["loss"], "accuracy": history[-1]["accuracy"], "epochs": args.epochs}
    final["seconds"] = round(time.perf_counter() - started, 3)
    with open("outputs/metrics.json", "w", encoding="utf-8") as file:
        json.dump({"arguments": vars(args), "final": final, "history": history}, file, indent=2)
    with open("outputs/model.json", "w", encoding="utf-8") as file:
        json.dump({"hidden": network.hidden, "output": network.output, "bias": network.bias}, file)
    print(f"done: accuracy {final['accuracy']:.3f}, loss {final['loss']:.4f}", flush=True)


if __name__ == "__main__":
    main()
