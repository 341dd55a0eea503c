/** Rules: the list, and the editor of one. */
import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { Editor } from "./Editor";
import { List } from "./List";
import "../curation/curation.css";
import "./rules.css";

export default function Rules(): ReactNode {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path="new" element={<Editor />} />
      <Route path=":id" element={<Editor />} />
    </Routes>
  );
}
