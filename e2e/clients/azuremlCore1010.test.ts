// The flows of this client; see testClient.ts.
import { testClient } from "./testClient.ts";

testClient("azureml-core-1.0.10");
