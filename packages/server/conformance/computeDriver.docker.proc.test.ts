// The container driver against the suite of all drivers, with Docker behind it.
import { containerDriverConformance } from "./containerDriverUnderTest.ts";

containerDriverConformance("docker");
