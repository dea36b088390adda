// The flows of this client; see testClient.ts.
import { testClient } from "./testClient.ts";

testClient("mlflow-3.15");
