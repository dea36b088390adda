// The launcher under the name that settings may still have for it; launcherMain.js is the one to start.
import "./launcherMain.js";
