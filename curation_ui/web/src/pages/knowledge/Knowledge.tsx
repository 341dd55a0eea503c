/** Finding and reading knowledge. */
import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { ConceptPage } from "./ConceptPage";
import { Search } from "./Search";
import "./knowledge.css";

export default function Knowledge(): ReactNode {
  return (
    <Routes>
      <Route index element={<Search />} />
      <Route path="concept/:id/*" element={<ConceptPage />} />
    </Routes>
  );
}
