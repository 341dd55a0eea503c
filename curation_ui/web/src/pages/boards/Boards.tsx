/** Boards of indicators: a theme, one indicator, what lies beyond warning lines. */
import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import "./boards.css";
import { IndicatorPage } from "./IndicatorPage";
import { ThemePage } from "./ThemePage";

export { ahead } from "./ThemePage";

export default function Boards(): ReactNode {
  return (
    <Routes>
      <Route index element={<ThemePage />} />
      <Route path=":name" element={<IndicatorPage />} />
    </Routes>
  );
}
