"""Quality control of medical records (病历质控): checks, scores, what becomes of defects, national indicators."""
