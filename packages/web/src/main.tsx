// Starts the pages.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { showTheme } from "./app/theme.ts";
import { takeTokenFromAddress } from "./service/token.ts";
import "./style/tokens.css";
import "./style/base.css";

showTheme();
takeTokenFromAddress();
const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no element #app");
createRoot(place).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
