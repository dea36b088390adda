// The container driver against the suite of all drivers, with Podman behind it.
import { containerDriverConformance } from "./containerDriverUnderTest.ts";

containerDriverConformance("podman");
