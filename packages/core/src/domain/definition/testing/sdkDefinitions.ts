// What RunConfiguration() of three releases of azureml-core looks like on the wire, every unset value null. Recorded from the clients.

export const SDK_DEFINITIONS = {
  "azureml-core 1.61": {
    amlcompute: {
      clusterMaxNodeCount: null,
      name: null,
      retainCluster: false,
      vmPriority: null,
      vmSize: null,
    },
    applicationEndpoints: {},
    arguments: [],
    autoClusterComputeSpecification: null,
    command: "",
    communicator: "None",
    credentialPassthrough: false,
    data: {},
    dataReferences: {},
    datacaches: [],
    docker: {
      arguments: [],
      sharedVolumes: true,
      shmSize: "2g",
      useDocker: false,
    },
    environment: {
      assetId: null,
      databricks: {
        eggLibraries: [],
        jarLibraries: [],
        mavenLibraries: [],
        pypiLibraries: [],
        rcranLibraries: [],
      },
      docker: {
        arguments: [],
        baseDockerfile: null,
        baseImage: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1",
        baseImageRegistry: {
          address: null,
          password: null,
          registryIdentity: null,
          username: null,
        },
        buildContext: null,
        enabled: false,
        platform: {
          architecture: "amd64",
          os: "Linux",
        },
        sharedVolumes: true,
        shmSize: "2g",
      },
      environmentVariables: {
        EXAMPLE_ENV_VAR: "EXAMPLE_VALUE",
      },
      inferencingStackVersion: null,
      name: "default-environment",
      python: {
        baseCondaEnvironment: null,
        condaDependencies: {
          channels: ["anaconda", "conda-forge"],
          dependencies: [
            "python=3.8.13",
            {
              pip: ["azureml-defaults"],
            },
          ],
          name: "project_environment",
        },
        condaDependenciesFile: null,
        interpreterPath: "python",
        userManagedDependencies: false,
      },
      r: null,
      spark: {
        packages: [],
        precachePackages: true,
        repositories: [],
      },
      version: null,
    },
    environmentVariables: {},
    framework: "Python",
    hdi: {
      yarnDeployMode: "cluster",
    },
    history: {
      directoriesToWatch: ["logs"],
      outputCollection: true,
      snapshotProject: true,
    },
    kubernetescompute: {
      instanceType: null,
    },
    maxRunDurationSeconds: null,
    mpi: {
      nodeCount: 1,
      processCountPerNode: 1,
    },
    nodeCount: 1,
    outputData: {},
    paralleltask: {
      maxRetriesPerWorker: 0,
      terminalExitCodes: null,
      workerCountPerNode: 1,
    },
    priority: null,
    pytorch: {
      communicationBackend: "nccl",
      nodeCount: 1,
      processCount: null,
    },
    script: null,
    sourceDirectoryDataStore: null,
    spark: {
      configuration: {
        "spark.app.name": "Azure ML Experiment",
        "spark.yarn.maxAppAttempts": 1,
      },
    },
    target: "local",
    tensorflow: {
      parameterServerCount: 1,
      workerCount: 1,
    },
  },
  "azureml-core 1.47": {
    amlcompute: {
      clusterMaxNodeCount: null,
      name: null,
      retainCluster: false,
      vmPriority: null,
      vmSize: null,
    },
    applicationEndpoints: {},
    arguments: [],
    command: "",
    communicator: "None",
    credentialPassthrough: false,
    data: {},
    dataReferences: {},
    datacaches: [],
    docker: {
      arguments: [],
      sharedVolumes: true,
      shmSize: "2g",
      useDocker: false,
    },
    environment: {
      assetId: null,
      databricks: {
        eggLibraries: [],
        jarLibraries: [],
        mavenLibraries: [],
        pypiLibraries: [],
        rcranLibraries: [],
      },
      docker: {
        arguments: [],
        baseDockerfile: null,
        baseImage: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:20221010.v1",
        baseImageRegistry: {
          address: null,
          password: null,
          registryIdentity: null,
          username: null,
        },
        buildContext: null,
        enabled: false,
        platform: {
          architecture: "amd64",
          os: "Linux",
        },
        sharedVolumes: true,
        shmSize: "2g",
      },
      environmentVariables: {
        EXAMPLE_ENV_VAR: "EXAMPLE_VALUE",
      },
      inferencingStackVersion: null,
      name: null,
      python: {
        baseCondaEnvironment: null,
        condaDependencies: {
          channels: ["anaconda", "conda-forge"],
          dependencies: [
            "python=3.8.13",
            {
              pip: ["azureml-defaults"],
            },
          ],
          name: "project_environment",
        },
        condaDependenciesFile: null,
        interpreterPath: "python",
        userManagedDependencies: false,
      },
      r: null,
      spark: {
        packages: [],
        precachePackages: true,
        repositories: [],
      },
      version: null,
    },
    environmentVariables: {},
    framework: "Python",
    hdi: {
      yarnDeployMode: "cluster",
    },
    history: {
      directoriesToWatch: ["logs"],
      outputCollection: true,
      snapshotProject: true,
    },
    kubernetescompute: {
      instanceType: null,
    },
    maxRunDurationSeconds: null,
    mpi: {
      nodeCount: 1,
      processCountPerNode: 1,
    },
    nodeCount: 1,
    outputData: {},
    paralleltask: {
      maxRetriesPerWorker: 0,
      terminalExitCodes: null,
      workerCountPerNode: 1,
    },
    priority: null,
    pytorch: {
      communicationBackend: "nccl",
      nodeCount: 1,
      processCount: null,
    },
    script: null,
    sourceDirectoryDataStore: null,
    spark: {
      configuration: {
        "spark.app.name": "Azure ML Experiment",
        "spark.yarn.maxAppAttempts": 1,
      },
    },
    target: "local",
    tensorflow: {
      parameterServerCount: 1,
      workerCount: 1,
    },
  },
  "azureml-core 1.0.85": {
    amlcompute: {
      clusterMaxNodeCount: null,
      name: null,
      retainCluster: false,
      vmPriority: null,
      vmSize: null,
    },
    arguments: [],
    communicator: "None",
    data: {},
    dataReferences: {},
    environment: {
      databricks: {
        eggLibraries: [],
        jarLibraries: [],
        mavenLibraries: [],
        pypiLibraries: [],
        rcranLibraries: [],
      },
      docker: {
        arguments: [],
        baseDockerfile: null,
        baseImage: "mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04",
        baseImageRegistry: {
          address: null,
          password: null,
          username: null,
        },
        enabled: false,
        sharedVolumes: true,
        shmSize: "2g",
      },
      environmentVariables: {
        EXAMPLE_ENV_VAR: "EXAMPLE_VALUE",
      },
      inferencingStackVersion: null,
      name: null,
      python: {
        baseCondaEnvironment: null,
        condaDependencies: {
          channels: ["conda-forge"],
          dependencies: [
            "python=3.6.2",
            {
              pip: ["azureml-defaults"],
            },
          ],
          name: "project_environment",
        },
        condaDependenciesFile: null,
        interpreterPath: "python",
        userManagedDependencies: false,
      },
      spark: {
        packages: [],
        precachePackages: true,
        repositories: [],
      },
      version: null,
    },
    framework: "Python",
    hdi: {
      yarnDeployMode: "cluster",
    },
    history: {
      directoriesToWatch: ["logs"],
      outputCollection: true,
      snapshotProject: true,
    },
    maxRunDurationSeconds: null,
    mpi: {
      processCountPerNode: 1,
    },
    nodeCount: 1,
    script: "train.py",
    sourceDirectoryDataStore: null,
    spark: {
      configuration: {
        "spark.app.name": "Azure ML Experiment",
        "spark.yarn.maxAppAttempts": 1,
      },
    },
    target: "local",
    tensorflow: {
      parameterServerCount: 1,
      workerCount: 1,
    },
  },
} as const;
