"""Fits a line with parameter servers: the chief hands out steps, workers compute them, the variables live on the servers."""
import json
import os

import tensorflow as tf

cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver()
if cluster.task_type in ("worker", "ps"):
    server = tf.distribute.Server(
        cluster.cluster_spec(),
        job_name=cluster.task_type,
        task_index=cluster.task_id,
        protocol=cluster.rpc_layer or "grpc",
    )
    print("%s %d serves" % (cluster.task_type, cluster.task_id), flush=True)
    server.join()

strategy = tf.distribute.ParameterServerStrategy(cluster)
coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
with strategy.scope():
    weight, bias = tf.Variable(0.0), tf.Variable(0.0)


@tf.function
def step():
    def replica():
        x = tf.random.uniform([64])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(weight * x + bias - (3 * x + 1)))
        for variable, gradient in zip((weight, bias), tape.gradient(loss, (weight, bias))):
            variable.assign_sub(0.3 * gradient)

    strategy.run(replica)


for _ in range(200):
    coordinator.schedule(step)
coordinator.join()
print("y = %.3f x + %.3f, weight on %s" % (weight.numpy(), bias.numpy(), weight.device), flush=True)
with open("outputs/line.json", "w") as file:
    json.dump(
        {
            "weight": float(weight.numpy()),
            "bias": float(bias.numpy()),
            "device": weight.device,
            "cluster": json.loads(os.environ["TF_CONFIG"])["cluster"],
        },
        file,
    )
