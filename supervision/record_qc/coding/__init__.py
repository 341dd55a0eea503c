"""What the checks of coding know of ICD-10 and ICD-9-CM-3: tables that a coder can read, each with its source."""
