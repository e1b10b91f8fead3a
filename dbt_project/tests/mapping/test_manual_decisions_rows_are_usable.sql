-- Rules X5, R4: each document and decision once.
{{ mapping_file_problems(
    'manual_decisions',
    key_column='document_id',
    key=['document_id', 'decision'],
    required=['document_id', 'decision'],
    allowed={'decision': ['skip', 'out_of_band']}
) }}
