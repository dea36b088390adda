"""Fits a line with DistributedDataParallel: each process sees its own share of the data, the gradients are averaged."""
import json
import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
rank, size = dist.get_rank(), dist.get_world_size()
device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if torch.cuda.is_available() else torch.device("cpu")

total = torch.ones(1, device=device) * rank
dist.all_reduce(total)
print("rank %d of %d: the sum of all ranks is %d" % (rank, size, int(total.item())), flush=True)

torch.manual_seed(rank)
inputs = torch.rand(256, 1, device=device)
targets = 3 * inputs + 1
model = DistributedDataParallel(torch.nn.Linear(1, 1).to(device))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(200):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
    loss.backward()
    optimizer.step()

weight, bias = model.module.weight.item(), model.module.bias.item()
print("rank %d: y = %.3f x + %.3f" % (rank, weight, bias), flush=True)
with open("outputs/rank_%d.json" % rank, "w") as file:
    json.dump({"sum": total.item(), "weight": weight, "bias": bias}, file)
dist.destroy_process_group()
