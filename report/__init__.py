"""Files for people, from the marts alone: the month-end workbook."""
