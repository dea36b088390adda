// The flows of this client; see testClient.ts.
import { testClient } from "./testClient.ts";

testClient("azureml-mlflow-1.62");
