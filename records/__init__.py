"""Records of patients and of what we answered; names become concepts here."""
